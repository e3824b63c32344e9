"""Generators as programs that run without this package: ONNX and `torch.export`."""
