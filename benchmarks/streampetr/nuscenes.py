"""nuScenes for those who have it, as frames like those of scenes.py. Its tables are plain JSON; nothing of it
comes with the project, and nothing was measured on it here.

Licensed for non-commercial use (https://www.nuscenes.org/terms-of-use). Expects the folder as it is
published: `v1.0-mini/*.json` or another version's, and `samples/`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from mdp.core.errors import MdpError

from .scenes import Frame

CAMERAS = (
    "CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_BACK_RIGHT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_FRONT_LEFT",
)  # fmt: skip
# The ten classes of its detection task, by the beginning of a category's name.
CLASSES = {
    "vehicle.car": 0, "vehicle.truck": 1, "vehicle.construction": 2, "vehicle.bus": 3, "vehicle.trailer": 4,
    "movable_object.barrier": 5, "vehicle.motorcycle": 6, "vehicle.bicycle": 7, "human.pedestrian": 8,
    "movable_object.trafficcone": 9,
}  # fmt: skip
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def drives(
    folder: Path, version: str, image: tuple[int, int], reach: float, *, most: int | None = None
) -> Iterator[list[Frame]]:
    """One scene after the other: its key frames, two a second.

    Args:
        image: (height, width) that pictures are scaled to by their width, and cut to from below.

    Raises:
        MdpError: it is not such a folder.
    """
    tables = _Tables(folder, version)
    for scene in tables.every("scene")[:most]:
        frames, before, token = [], None, scene["first_sample_token"]
        while token:
            sample = tables.one("sample", token)
            pose = tables.pose(tables.shot(token, "LIDAR_TOP"))
            frames.append(_frame(tables, token, pose, before, image, reach))
            before, token = pose, sample["next"]
        yield frames


class _Tables:
    """The dataset's tables, by token."""

    def __init__(self, folder: Path, version: str):
        self.folder, self._where = Path(folder), Path(folder) / version
        self._read: dict[str, dict[str, Any]] = {}
        self._shots: dict[tuple[str, str], Any] = {}
        self._boxes: dict[str, list[Any]] = {}
        for data in self.every("sample_data"):
            if data["is_key_frame"]:
                sensor = self.one("calibrated_sensor", data["calibrated_sensor_token"])["sensor_token"]
                self._shots[data["sample_token"], self.one("sensor", sensor)["channel"]] = data
        for note in self.every("sample_annotation"):
            self._boxes.setdefault(note["sample_token"], []).append(note)

    def every(self, table: str) -> list[Any]:
        """All rows of a table."""
        if table not in self._read:
            path = self._where / f"{table}.json"
            try:
                rows = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise MdpError(f"{path} cannot be read ({error}). Give nuScenes' own folder.") from None
            self._read[table] = {row["token"]: row for row in rows}
        return list(self._read[table].values())

    def one(self, table: str, token: str) -> Any:
        """A row by its token."""
        self.every(table)
        return self._read[table][token]

    def shot(self, sample: str, channel: str) -> Any:
        """What a sensor saw in a key frame."""
        return self._shots[sample, channel]

    def pose(self, shot: Any) -> np.ndarray:
        """(4, 4): from the vehicle's frame to the world's, when this was taken."""
        return _matrix(self.one("ego_pose", shot["ego_pose_token"]))

    def boxes(self, sample: str) -> list[Any]:
        """The annotations of a key frame."""
        return self._boxes.get(sample, [])

    def velocity(self, note: Any) -> np.ndarray:
        """(2,), metres a second in the world, from the frames beside this one; 0 where there is none."""
        ends = [self.one("sample_annotation", note[side] or note["token"]) for side in ("prev", "next")]
        times = [self.one("sample", end["sample_token"])["timestamp"] / 1e6 for end in ends]
        away = np.subtract(ends[1]["translation"], ends[0]["translation"])[:2]
        return away / (times[1] - times[0]) if times[1] > times[0] else np.zeros(2)

    def kind(self, note: Any) -> int | None:
        """Its class, None for one that is not looked for."""
        instance = self.one("instance", note["instance_token"])
        name = self.one("category", instance["category_token"])["name"]
        return next((number for begin, number in CLASSES.items() if name.startswith(begin)), None)


def _frame(
    tables: _Tables, token: str, pose: np.ndarray, before: Any, image: tuple[int, int], reach: float
) -> Frame:
    pictures, projections = [], []
    for channel in CAMERAS:
        shot = tables.shot(token, channel)
        camera = tables.one("calibrated_sensor", shot["calibrated_sensor_token"])
        picture, inner = _picture(tables.folder / shot["filename"], camera["camera_intrinsic"], image)
        outer = np.linalg.inv(_matrix(camera)) @ np.linalg.inv(tables.pose(shot)) @ pose
        pictures.append(picture)
        projections.append(inner @ outer)
    kinds, boxes = [], []
    back = np.linalg.inv(pose)
    for note in tables.boxes(token):
        kind, seen = tables.kind(note), note["num_lidar_pts"] + note["num_radar_pts"]
        place = (back @ [*note["translation"], 1])[:3]
        if kind is None or not seen or np.abs(place[:2]).max() >= reach:
            continue
        width, length, height = note["size"]
        ahead = back[:3, :3] @ _turn(note["rotation"])[:, 0]
        velocity = back[:2, :2] @ tables.velocity(note)
        kinds.append(kind)
        boxes.append([*place, length, width, height, np.arctan2(ahead[1], ahead[0]), *velocity])
    return Frame(
        torch.from_numpy(np.stack(pictures)).float(),
        torch.from_numpy(np.stack(projections)).float(),
        torch.from_numpy(np.eye(4) if before is None else back @ before).float(),
        torch.tensor(kinds, dtype=torch.int64),
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 9),
    )


def _picture(path: Path, intrinsic: list, image: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(the picture (3, height, width), normalised; its (4, 4) projection after scaling and cutting)."""
    whole = Image.open(path).convert("RGB")
    scale = image[1] / whole.width
    small = whole.resize((image[1], round(whole.height * scale)), Image.Resampling.BILINEAR)
    above = small.height - image[0]
    pixels = np.asarray(small.crop((0, above, image[1], small.height)), dtype=np.float32) / 255
    inner = np.eye(4)
    inner[:2, :3] = np.array(intrinsic)[:2] * scale
    inner[1, 2] -= above
    return ((pixels - MEAN) / STD).transpose(2, 0, 1), inner


def _matrix(placed: Any) -> np.ndarray:
    found = np.eye(4)
    found[:3, :3], found[:3, 3] = _turn(placed["rotation"]), placed["translation"]
    return found


def _turn(quaternion: list[float]) -> np.ndarray:
    """(3, 3) of a unit quaternion (w, x, y, z)."""
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
