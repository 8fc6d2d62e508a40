#!/usr/bin/python3
"""Makes a request as a multimodal model's embedding worker holds it, from photographs and a prompt.

Lengths, token ids and positions follow Qwen2-VL: smart resize, 14x14 patches merged 2x2, vision start and end tokens,
positions on three axes. Only the weights are not the model's: pixels go to --hidden elements through a fixed sparse
matrix, and text tokens through a fixed table. The folder suits `remit demo --input`:

    embeddings.npy       [tokens, hidden]   bf16 as uint16, or fp16, fp32
    fill_ids.npy         [tokens]           int32
    mrope_positions.npy  [3, tokens]        int32: time, height, width
"""

import argparse
import math
import os
import re
import sys

import numpy as np
from PIL import Image

VISION_START, VISION_END, IMAGE_PAD = 151652, 151653, 151655
PATCH, MERGE, TEMPORAL = 14, 2, 2
FACTOR = PATCH * MERGE
MIN_PIXELS = 56 * 56
MAX_PIXELS = 14 * 14 * 4 * 1280
CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)
SEED = 20240918

SAMPLES = "/usr/share/matplotlib/mpl-data/sample_data"
# A portrait, two details of it at full size, and a small picture of another kind.
DEFAULT_IMAGES = [
    f"{SAMPLES}/grace_hopper.jpg",
    f"{SAMPLES}/grace_hopper.jpg@150,40,230,270",
    f"{SAMPLES}/grace_hopper.jpg@230,330,230,270",
    f"{SAMPLES}/Minduka_Present_Blue_Pack.png",
]
DEFAULT_PROMPT = "Who is the officer in these photographs, what do her decorations stand for, and what is in the parcel?"


def fail(message):
    print(f"make_sample: {message}", file=sys.stderr)
    sys.exit(2)


def smart_resize(height, width, max_pixels):
    """The size nearest to the image's whose sides are multiples of 28 and whose area is within the limits."""
    if min(height, width) < 1 or max(height, width) / min(height, width) > 200:
        raise ValueError(f"{width}x{height}: the sides must be within a factor of 200 of each other")
    h = max(FACTOR, round(height / FACTOR) * FACTOR)
    w = max(FACTOR, round(width / FACTOR) * FACTOR)
    if h * w > max_pixels:
        beta = math.sqrt(height * width / max_pixels)
        h = max(FACTOR, math.floor(height / beta / FACTOR) * FACTOR)
        w = max(FACTOR, math.floor(width / beta / FACTOR) * FACTOR)
    elif h * w < MIN_PIXELS:
        beta = math.sqrt(MIN_PIXELS / (height * width))
        h = math.ceil(height * beta / FACTOR) * FACTOR
        w = math.ceil(width * beta / FACTOR) * FACTOR
    return h, w


def open_image(spec):
    """PATH, or PATH@LEFT,TOP,WIDTH,HEIGHT for a detail, enlarged to the size of the whole."""
    match = re.fullmatch(r"(.+)@(\d+),(\d+),(\d+),(\d+)", spec)
    path = match.group(1) if match else spec
    try:
        image = Image.open(path)
        image.load()
    except OSError as error:
        raise ValueError(f"{path}: {error} (Debian: python-matplotlib-data has the default photographs)") from None
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    if not match:
        return image
    left, top, width, height = (int(number) for number in match.groups()[1:])
    if width == 0 or height == 0 or left + width > image.width or top + height > image.height:
        raise ValueError(f"{spec}: the detail does not lie within {image.width}x{image.height}")
    detail = image.crop((left, top, left + width, top + height))
    return detail.resize(image.size, Image.Resampling.BICUBIC)


def patches_of(image, max_pixels):
    """One row of 4 * 1176 normalised pixels a token, in the model's order, and the grid (t, h, w) of patches."""
    height, width = smart_resize(image.height, image.width, max_pixels)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    pixels = (np.asarray(image, dtype=np.float32) / 255 - CLIP_MEAN) / CLIP_STD
    pixels = pixels.transpose(2, 0, 1)
    frames = np.stack([pixels] * TEMPORAL)  # a still picture is a film of two equal frames
    rows, columns = height // PATCH, width // PATCH
    frames = frames.reshape(TEMPORAL, 3, rows // MERGE, MERGE, PATCH, columns // MERGE, MERGE, PATCH)
    frames = frames.transpose(2, 5, 3, 6, 1, 0, 4, 7)
    tokens = rows * columns // MERGE**2
    return frames.reshape(tokens, MERGE**2 * 3 * TEMPORAL * PATCH**2), (1, rows, columns)


def project(patches, hidden):
    """Patches times a fixed matrix with sixteen entries of +-1/4 a column: a random projection that needs no BLAS."""
    rng = np.random.default_rng(SEED)
    entries = 16
    index = rng.integers(0, patches.shape[1], size=(entries, hidden))
    sign = rng.choice(np.array([-0.25, 0.25], dtype=np.float32), size=(entries, hidden))
    result = np.zeros((patches.shape[0], hidden), dtype=np.float32)
    for k in range(entries):
        result += patches[:, index[k]] * sign[k]
    return result


def text_embeddings(ids, hidden):
    table = {}
    for token in set(ids):
        table[token] = np.random.default_rng([SEED, token]).standard_normal(hidden, dtype=np.float32) * np.float32(0.02)
    return np.stack([table[token] for token in ids])


def as_dtype(values, dtype):
    if dtype == "fp32":
        return values
    if dtype == "fp16":
        return values.astype(np.float16)
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)  # bf16, to nearest, ties to even


class Request:
    """Grows token by token; knows the position of the next one."""

    def __init__(self, hidden):
        self.hidden = hidden
        self.embeddings, self.ids, self.positions = [], [], []
        self.next = 0

    def add_text(self, ids):
        self.embeddings.append(text_embeddings(ids, self.hidden))
        self.ids.append(np.array(ids, dtype=np.int32))
        line = np.arange(self.next, self.next + len(ids), dtype=np.int32)
        self.positions.append(np.stack([line] * 3))
        self.next += len(ids)

    def add_image(self, patches, grid):
        self.add_text([VISION_START])
        t, h, w = grid[0], grid[1] // MERGE, grid[2] // MERGE
        self.embeddings.append(project(patches, self.hidden))
        self.ids.append(np.full(t * h * w, IMAGE_PAD, dtype=np.int32))
        axes = np.indices((t, h, w), dtype=np.int32).reshape(3, -1) + np.int32(self.next)
        self.positions.append(axes)
        self.next = int(axes.max()) + 1
        self.add_text([VISION_END])

    def save(self, folder, dtype):
        os.makedirs(folder, exist_ok=True)
        ids = np.concatenate(self.ids)
        positions = np.concatenate(self.positions, axis=1)
        np.save(os.path.join(folder, "embeddings.npy"), as_dtype(np.concatenate(self.embeddings), dtype))
        np.save(os.path.join(folder, "fill_ids.npy"), ids)
        np.save(os.path.join(folder, "mrope_positions.npy"), np.ascontiguousarray(positions))
        stale = os.path.join(folder, "deepstack_embeddings.npy")
        if os.path.exists(stale):
            os.remove(stale)
        return len(ids), int(positions.max()) + 1 - len(ids)


def in_range(least, most):
    def check(text):
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f'value "{text}"; permitted: {least} to {most}')
        return value

    return check


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write, made where it is missing")
    parser.add_argument("--hidden", type=in_range(1, 1048576), default=4096, help="elements of an embedding (4096)")
    parser.add_argument("--dtype", choices=["bf16", "fp16", "fp32"], default="bf16", help="their type (bf16)")
    parser.add_argument("--max-pixels", type=in_range(MIN_PIXELS, 1 << 30), default=MAX_PIXELS,
                        help=f"an image is made smaller than this ({MAX_PIXELS})")
    parser.add_argument("--images", nargs="*", default=DEFAULT_IMAGES, metavar="IMAGE",
                        help="PATH, or PATH@LEFT,TOP,WIDTH,HEIGHT for a detail (photographs of python-matplotlib-data)")
    parser.add_argument("--prompt", default=DEFAULT_PROMPT, help="text after the images, a token a byte")
    return parser.parse_args()


def prepare(folder):
    """Finds out before the work whether its result can be written."""
    try:
        os.makedirs(folder, exist_ok=True)
    except (OSError, ValueError) as error:
        fail(f"option --out: {folder[:200]!r} cannot be made: {getattr(error, 'strerror', None) or error}")
    if not os.access(folder, os.W_OK | os.X_OK):
        fail(f"option --out: {folder[:200]!r} cannot be written")


def main():
    options = parse_arguments()
    prepare(options.out)
    request = Request(options.hidden)
    for spec in options.images:
        try:
            patches, grid = patches_of(open_image(spec), options.max_pixels)
        except ValueError as error:
            fail(error)
        request.add_image(patches, grid)
        print(f"{os.path.basename(spec)}: grid t,h,w = {grid[0]},{grid[1]},{grid[2]}, {len(patches)} tokens")
    if options.prompt:
        request.add_text(list(options.prompt.encode()))
    if not request.ids:
        fail("no image and no prompt: there is nothing to make")
    try:
        tokens, delta = request.save(options.out, options.dtype)
    except OSError as error:
        fail(f"option --out: {options.out}: {error.strerror or error}")
    print(f"{options.out}: {tokens} tokens, hidden {options.hidden} {options.dtype}, mrope delta {delta}")


if __name__ == "__main__":
    main()
