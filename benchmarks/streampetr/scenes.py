"""A synthetic world: boxes of real extents around a vehicle that drives, seen by its cameras.

Made by this file alone, from a seed: no picture of the world is in it, and nothing measured on it says what
the same detector does on nuScenes. What is real are the tasks in it: six calibrated cameras whose fields of
view overlap, objects at known places and speeds, several frames, and a vehicle that moves between them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

# Length, width and height in metres, and the largest speed in metres a second.
KINDS = {"car": (4.6, 1.9, 1.7, 10.0), "truck": (8.0, 2.6, 3.2, 8.0), "pedestrian": (0.7, 0.7, 1.75, 1.5)}
SECONDS = 0.5  # between two frames
CAMERA_AT, CAMERA_ABOVE = 1.0, 1.6  # metres before the vehicle's middle, in each camera's own direction
FIELD = np.deg2rad(70.0)
LIGHT = np.array([0.4, -0.3, 0.86])


@dataclass(frozen=True)
class Frame:
    """What is seen at one moment.

    Attributes:
        images: (cameras, 3, height, width), normalised.
        to_image: (cameras, 4, 4), from the vehicle's frame to (u·d, v·d, d, 1).
        motion: (4, 4), from the vehicle's frame before this one to this.
        kinds: (objects,), numbers in KINDS; `boxes`: (objects, 9): x, y, z of the middle in the vehicle's
            frame, length, width, height, heading, velocity along x and y.
    """

    images: Tensor
    to_image: Tensor
    motion: Tensor
    kinds: Tensor
    boxes: Tensor


def sequence(seed: int, frames: int, image: tuple[int, int], cameras: int, reach: float) -> list[Frame]:
    """Some moments of one drive; the same seed, the same drive."""
    random = np.random.default_rng(seed)
    count = int(random.integers(8, 16))
    kinds = random.choice(len(KINDS), count, p=[0.5, 0.2, 0.3])
    sizes = np.array(list(KINDS.values()))
    places = random.uniform(-1.1 * reach, 1.1 * reach, (count, 2))
    near = np.linalg.norm(places, axis=1) < 4.0  # nobody stands in the vehicle
    places[near] += 8.0 * np.sign(places[near])
    heading = random.uniform(-np.pi, np.pi, count)
    speed = random.uniform(0, 1, count) * sizes[kinds, 3] * (random.random(count) < 0.6)
    extents = sizes[kinds, :3] * random.uniform(0.9, 1.1, (count, 3))
    colours = random.uniform(0.25, 1.0, (count, 3))
    drive, turn = random.uniform(0, 8), random.uniform(-0.15, 0.15)  # metres a second, radians a second
    sky, ground = random.uniform(0.5, 0.8, 3), random.uniform(0.2, 0.4, 3)
    to_image = projections(image, cameras)
    found, before = [], None
    for moment in range(frames):
        t = moment * SECONDS
        pose = _pose(drive, turn, t)
        at = places + t * speed[:, None] * np.stack([np.cos(heading), np.sin(heading)], 1)
        boxes = _in_frame(at, extents, heading, speed, pose)
        pictures = [_draw(m, boxes, colours, image, sky, ground, random) for m in to_image]
        motion = np.eye(4) if before is None else np.linalg.inv(pose) @ before
        seen = np.abs(boxes[:, :2]).max(1) < reach
        found.append(
            Frame(
                torch.from_numpy(np.stack(pictures)).float(),
                torch.from_numpy(to_image).float(),
                torch.from_numpy(motion).float(),
                torch.from_numpy(kinds[seen]),
                torch.from_numpy(boxes[seen]).float(),
            )
        )
        before = pose
    return found


def projections(image: tuple[int, int], cameras: int) -> np.ndarray:
    """(cameras, 4, 4): the calibrated cameras, all around the vehicle, the first looking ahead."""
    height, width = image
    focal = width / 2 / np.tan(FIELD / 2)
    inner = np.array([[focal, 0, width / 2, 0], [0, focal, height / 2, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    found = []
    for i in range(cameras):
        yaw = 2 * np.pi * i / cameras
        ahead = np.array([np.cos(yaw), np.sin(yaw), 0])
        right, down = np.array([np.sin(yaw), -np.cos(yaw), 0]), np.array([0, 0, -1.0])
        turn = np.stack([right, down, ahead])
        outer = np.eye(4)
        outer[:3, :3] = turn
        outer[:3, 3] = -turn @ (CAMERA_AT * ahead + np.array([0, 0, CAMERA_ABOVE]))
        found.append(inner @ outer)
    return np.stack(found)


def _pose(drive: float, turn: float, t: float) -> np.ndarray:
    """(4, 4): from the vehicle's frame to the world's, `t` seconds after the start of an even curve."""
    angle = turn * t
    along, aside = (np.sin(angle), 1 - np.cos(angle)) if abs(turn) > 1e-6 else (t, 0.0)
    radius = drive / turn if abs(turn) > 1e-6 else drive
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pose[:2, 3] = radius * along, radius * aside
    return pose


def _in_frame(at: np.ndarray, extents: np.ndarray, heading: np.ndarray, speed: np.ndarray, pose: np.ndarray):
    """(objects, 9), as `Frame.boxes`."""
    back = np.linalg.inv(pose)
    places = at @ back[:2, :2].T + back[:2, 3]
    own = heading - np.arctan2(pose[1, 0], pose[0, 0])
    velocity = speed[:, None] * np.stack([np.cos(own), np.sin(own)], 1)
    middle = extents[:, 2:] / 2
    return np.concatenate([places, middle, extents, own[:, None], velocity], 1)


# Corners of a cube of side 1, and the four of each face in order, with the way that it looks.
_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_FACES = (
    ((0, 1, 3, 2), (-1, 0, 0)), ((4, 5, 7, 6), (1, 0, 0)), ((0, 1, 5, 4), (0, -1, 0)),
    ((2, 3, 7, 6), (0, 1, 0)), ((1, 3, 7, 5), (0, 0, 1)),
)  # fmt: skip


def _draw(
    to_image: np.ndarray,
    boxes: np.ndarray,
    colours: np.ndarray,
    image: tuple[int, int],
    sky: np.ndarray,
    ground: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """One camera's picture (3, height, width), about zero: far boxes first, faces by how they are lit."""
    height, width = image
    picture = Image.new("RGB", (width, height), _bytes(sky))
    pencil = ImageDraw.Draw(picture)
    pencil.rectangle((0, height // 2, width, height), fill=_bytes(ground))
    depth = boxes[:, :3] @ to_image[2, :3] + to_image[2, 3]
    for i in np.argsort(-depth):
        if depth[i] < 0.5:
            continue
        cos, sin = np.cos(boxes[i, 6]), np.sin(boxes[i, 6])
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        corners = (_CORNERS * boxes[i, 3:6]) @ turn.T + boxes[i, :3]
        seen = np.concatenate([corners, np.ones((8, 1))], 1) @ to_image.T
        if (seen[:, 2] < 0.2).any():
            continue
        flat = seen[:, :2] / seen[:, 2:3]
        faces = sorted(_FACES, key=lambda face: -seen[list(face[0]), 2].mean())
        for order, looks in faces:
            lit = 0.55 + 0.45 * max(-1.0, float(turn @ np.array(looks) @ LIGHT))
            pencil.polygon([tuple(flat[j]) for j in order], fill=_bytes(colours[i] * lit))
    found = np.asarray(picture, dtype=np.float32).transpose(2, 0, 1) / 255
    return (found + random.normal(0, 0.02, found.shape).astype(np.float32) - 0.45) / 0.25


def _bytes(colour: np.ndarray) -> tuple[int, int, int]:
    r, g, b = (int(v) for v in np.clip(colour * 255, 0, 255))
    return r, g, b
