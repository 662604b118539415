"""Hand the browser a file, without any server route: the bytes travel over the kernel's own channel."""

from pathlib import Path

import anywidget
from traitlets import Unicode

_ESM = """
// Initialised once per model, however often it is shown: one save, not one per view.
function initialize({ model }) {
  model.on("msg:custom", (message, buffers) => {
    if (message.kind === "save") {
      save(new Blob([buffers[0]], { type: message.mime }), message.name);
    } else if (message.kind === "picture") {
      picture(message).then((blob) => save(blob, message.name))
        .catch(() => { model.set("said", "The browser could not draw the picture; take the SVG instead.");
                       model.save_changes(); });
    }
  });
}
function render({ model, el }) {
  el.setAttribute("role", "status");
  const show = () => { el.textContent = model.get("said"); };
  model.on("change:said", show);
  show();
}
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
async function picture({ svg, width, height, scale }) {
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => canvas.toBlob((b) => (b ? done(b) : failed()), "image/png"));
}
export default { initialize, render };
"""


class Download(anywidget.AnyWidget):
    """Saves files in the reader's browser. It must be displayed once; it shows the last sentence it said.

    download = Download()
    download.save("plan.json", text, "application/json")

    Traits:
        said: what was saved last, for the reader and for screen readers.
    """

    _esm = _ESM
    said = Unicode("").tag(sync=True)

    def save(self, name: str, data: bytes | str, mime: str = "application/octet-stream") -> None:
        """Save `data` under `name` in the browser's download folder."""
        body = data.encode() if isinstance(data, str) else data
        self.send({"kind": "save", "name": name, "mime": mime}, [body])
        self.said = f"Saved {name} ({size(len(body))})."

    def save_file(self, path: Path, name: str = "", mime: str = "application/octet-stream") -> None:
        """Save a file of this machine; raises OSError if it cannot be read."""
        self.save(name or path.name, path.read_bytes(), mime)

    def save_picture(self, name: str, svg: str, width: int, height: int, scale: float = 2) -> None:
        """Have the browser draw an SVG and save it as a PNG of `scale` pixels per unit."""
        self.send(
            {"kind": "picture", "name": name, "svg": svg, "width": width, "height": height, "scale": scale}
        )
        self.said = f"Saved {name}."


def size(count: int) -> str:
    """Bytes as people read them: `812 bytes`, `3.4 MB`."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
