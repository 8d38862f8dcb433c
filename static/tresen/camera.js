/** Takes a photo with the camera of a desk and gives it to the file field of the form; a phone's own field does without. */

const form = document.querySelector("[data-photo-form]");
const open = document.querySelector("[data-camera]");
const dialog = document.querySelector("[data-camera-dialog]");
const picture = document.querySelector("[data-camera-picture]");
const problem = document.querySelector("[data-camera-problem]");
const LONGEST_SIDE = 1024;

function stop() {
  for (const track of picture.srcObject?.getTracks() ?? []) track.stop();
  picture.srcObject = null;
}

async function start() {
  problem.textContent = "";
  dialog.showModal();
  try {
    picture.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    await picture.play();
  } catch {
    problem.textContent = problem.dataset.words;
  }
}

/** The middle of the picture as a square. */
function drawn() {
  const side = Math.min(picture.videoWidth, picture.videoHeight);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(side, LONGEST_SIDE);
  const left = (picture.videoWidth - side) / 2;
  const top = (picture.videoHeight - side) / 2;
  canvas.getContext("2d").drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function shoot() {
  if (!picture.videoWidth) return;
  drawn().toBlob((blob) => {
    const files = new DataTransfer();
    files.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
    form.elements.photo.files = files.files;
    dialog.close();
    form.requestSubmit();
  }, "image/jpeg", 0.9);
}

if (form && open && navigator.mediaDevices?.getUserMedia) {
  open.hidden = false;
  open.addEventListener("click", start);
  dialog.querySelector("[data-camera-shoot]").addEventListener("click", shoot);
  dialog.querySelector("[data-camera-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", stop);
}
