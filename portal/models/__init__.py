from portal.models.people import Member, StaffLogin, Teacher, User
from portal.models.studio import Location, Studio

__all__ = ["Location", "Member", "StaffLogin", "Studio", "Teacher", "User"]
