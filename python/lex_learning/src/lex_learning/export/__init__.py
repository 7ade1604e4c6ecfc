"""Trained models as ONNX files, which need neither this package nor Python to predict."""
