"""The loader of nuScenes, on a folder of two frames that this test writes in its layout."""

import json
import math

import pytest
import torch
from PIL import Image

from benchmarks.streampetr.nuscenes import CAMERAS, drives
from mdp.core.errors import MdpError

STILL = [1.0, 0, 0, 0]
# Cameras look along z, their x to the right: ahead of a vehicle whose x is ahead and z up.
AHEAD = [0.5, -0.5, 0.5, -0.5]


@pytest.fixture
def folder(tmp_path):
    sensors = [{"token": c, "channel": c} for c in (*CAMERAS, "LIDAR_TOP")]
    inner = [[800.0, 0, 800], [0, 800, 450], [0, 0, 1]]
    calibrated = [
        {"token": f"at {s['token']}", "sensor_token": s["token"], "translation": [0, 0, 1.5],
         "rotation": AHEAD, "camera_intrinsic": inner}
        for s in sensors
    ]  # fmt: skip
    samples = [
        {"token": "s0", "next": "s1", "timestamp": 0}, {"token": "s1", "next": "", "timestamp": 500_000}
    ]  # fmt: skip
    # The vehicle looks along the world's y and drives 2 m.
    quarter = [math.cos(math.pi / 4), 0, 0, math.sin(math.pi / 4)]
    poses = [
        {"token": f"p{i}", "translation": [100, 50 + 2 * i, 0], "rotation": quarter} for i in range(2)
    ]  # fmt: skip
    data = [
        {"token": f"{s['token']}{i}", "sample_token": f"s{i}", "is_key_frame": True,
         "ego_pose_token": f"p{i}", "calibrated_sensor_token": f"at {s['token']}",
         "filename": "samples/one.png"}
        for s in sensors for i in range(2)
    ]  # fmt: skip
    notes = [
        {"token": f"n{i}", "sample_token": f"s{i}", "instance_token": "car",
         "translation": [100, 70 + i, 1.5], "size": [2, 4, 1.5], "rotation": quarter,
         "prev": "n0" if i else "", "next": "" if i else "n1", "num_lidar_pts": 5, "num_radar_pts": 0}
        for i in range(2)
    ]  # fmt: skip
    tables = {
        "scene": [{"token": "one", "first_sample_token": "s0"}], "sample": samples, "sample_data": data,
        "sensor": sensors, "calibrated_sensor": calibrated, "ego_pose": poses, "sample_annotation": notes,
        "instance": [{"token": "car", "category_token": "c"}],
        "category": [{"token": "c", "name": "vehicle.car"}],
    }  # fmt: skip
    (tmp_path / "v1.0-mini").mkdir()
    for name, rows in tables.items():
        (tmp_path / "v1.0-mini" / f"{name}.json").write_text(json.dumps(rows))
    (tmp_path / "samples").mkdir()
    Image.new("RGB", (1600, 900), (120, 120, 120)).save(tmp_path / "samples" / "one.png")
    return tmp_path


def test_boxes_poses_and_pixels_are_where_they_should_be(folder):
    (frames,) = drives(folder, "v1.0-mini", (64, 176), 51.2)
    first, second = frames
    assert first.images.shape == (6, 3, 64, 176) and first.kinds.tolist() == [0]
    torch.testing.assert_close(
        first.boxes[0], torch.tensor([20, 0, 1.5, 4, 2, 1.5, 0, 2, 0.0]), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(second.boxes[0, :2], torch.tensor([19.0, 0]), atol=1e-4, rtol=0)
    # A point that stands still is 2 m nearer in the second frame.
    moved = second.motion @ torch.tensor([20.0, 0, 1.5, 1])
    torch.testing.assert_close(moved[:3], torch.tensor([18.0, 0, 1.5]), atol=1e-4, rtol=0)
    u, v, depth, _ = (first.to_image[0] @ torch.tensor([20.0, 0, 1.5, 1])).tolist()
    # In the middle of the picture; 99 rows after scaling, of which the upper 35 are cut away.
    assert (u / depth, v / depth, depth) == pytest.approx((88, 49.5 - 35, 20), abs=1e-3)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(MdpError, match=r"sample_data.json cannot be read .* nuScenes' own folder"):
        next(iter(drives(tmp_path, "v1.0-mini", (64, 176), 51.2)))
