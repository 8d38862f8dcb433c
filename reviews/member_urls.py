from django.urls import path

from reviews.views import write

urlpatterns = [
    path("review/<str:token>/", write.write, name="write"),
    path("review/<str:token>/no-more/", write.no_more, name="no_more"),
]
