"""Sets of images in the official format: zips or folders of pictures with a dataset.json."""
