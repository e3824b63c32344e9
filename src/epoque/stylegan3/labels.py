"""A learner's words for what this lab measures."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = [
    "AUGMENTATION_CHOICES",
    "DEVICE_CHOICES",
    "GENERATOR_CHOICES",
    "LOSS_CHOICES",
    "METRIC_CHOICES",
    "PIPELINE_CHOICES",
    "PRECISION_CHOICES",
    "RESULT_LABELS",
    "TASK_CHOICES",
]

RESULT_LABELS: Mapping[str, str] = {
    "again": mark("Same bytes when made again"),
    "against": mark("Network to compare with"),
    "against_eq_r": mark("EQ-R of the network to compare with, dB"),
    "against_eq_t": mark("EQ-T, whole pixels, of the network to compare with, dB"),
    "against_eq_t_frac": mark("EQ-T, fractions, of the network to compare with, dB"),
    "agreement": mark("Agreement of both networks"),
    "alone": mark("Same bytes when made one by one"),
    "augmentation": mark("Augmentation probability"),
    "discriminator_parameters": mark("Parameters of the discriminator"),
    "distinct": mark("Different images for different seeds"),
    "elsewhere": mark("Same bytes in another process"),
    "eq_r": mark("EQ-R, dB"),
    "eq_t": mark("EQ-T, whole pixels, dB"),
    "eq_t_frac": mark("EQ-T, fractions, dB"),
    "fid": mark("Fréchet Inception distance (FID)"),
    "final_augmentation": mark("Final augmentation probability"),
    "final_gap": mark("Final gap of the discriminator's scores"),
    "final_kimg": mark("Thousand images seen in all"),
    "final_loss_d": mark("Final loss of the discriminator"),
    "final_loss_g": mark("Final loss of the generator"),
    "final_path_length": mark("Final path length"),
    "final_r1_penalty": mark("Final R1 penalty"),
    "final_score_fake": mark("Final score of generated images"),
    "final_score_real": mark("Final score of real images"),
    "final_sign_real": mark("Final sureness of real images"),
    "generator_parameters": mark("Parameters of the generator"),
    "image_resolution": mark("Resolution, pixels"),
    "kid": mark("Kernel Inception distance (KID)"),
    "kimg": mark("Thousand images seen"),
    "loss_d": mark("Loss of the discriminator"),
    "loss_g": mark("Loss of the generator"),
    "moved": mark("Images that were moved"),
    "network": mark("Network"),
    "panel": mark("Seeds that are looked at"),
    "path_length": mark("Path length"),
    "path_penalty": mark("Path length penalty"),
    "octaves": mark("Power by octave: largest deviation, dB"),
    "edges": mark("Edge energy, % of the real images'"),
    "shares": mark("Share of an attribute: largest deviation, points"),
    "efd": mark("EfficientNet Fréchet distance"),
    "ekd": mark("EfficientNet kernel distance"),
    "eprecision": mark("EfficientNet precision"),
    "erecall": mark("EfficientNet recall"),
    "pfd": mark("Portrait Fréchet distance"),
    "pkd": mark("Portrait kernel distance"),
    "pprecision": mark("Portrait precision"),
    "precall": mark("Portrait recall"),
    "r1_gamma": mark("Weight of the R1 penalty"),
    "r1_penalty": mark("R1 penalty"),
    "r2_penalty": mark("R2 penalty"),
    "reader_accuracy": mark("Accuracy of what is seen, on drawn portraits"),
    "score_fake": mark("Score of generated images"),
    "score_real": mark("Score of real images"),
    "seeds": mark("Images of the seeds"),
    "sign_real": mark("Sureness of real images"),
    "steps": mark("Training steps"),
    "still": mark("Images that stay, dB"),
    "swd": mark("Sliced Wasserstein distance, ×10⁻³"),
}
"""Metric or result to its label (see `epoque.bench.result_labels`)."""

LOSS_CHOICES: Mapping[str, str] = {
    "logistic": mark("logistic"),
    "hinge": mark("hinge"),
    "r3gan": "R3GAN",
}
METRIC_CHOICES: Mapping[str, str] = {
    name: RESULT_LABELS[name]
    for name in (
        *("pfd", "pkd", "pprecision", "precall", "swd", "octaves", "edges", "shares", "efd", "ekd"),
        *("eprecision", "erecall", "fid", "kid", "eq_t", "eq_t_frac", "eq_r"),
    )
}
TASK_CHOICES: Mapping[str, str] = {"train": mark("train"), "analyze": mark("analyze")}
GENERATOR_CHOICES: Mapping[str, str] = {
    "t": "StyleGAN3-T",
    "r": "StyleGAN3-R",
    "stylegan2": "StyleGAN2",
}
AUGMENTATION_CHOICES: Mapping[str, str] = {
    "ada": mark("adaptive"),
    "fixed": mark("fixed"),
    "noaug": mark("no augmentation"),
    "diffaugment": "DiffAugment",
}
PIPELINE_CHOICES: Mapping[str, str] = {
    "blit": mark("flips, turns and shifts"),
    "geom": mark("geometry"),
    "color": mark("color"),
    "filter": mark("filters"),
    "noise": mark("noise"),
    "cutout": mark("holes"),
    "bg": mark("flips to geometry (bg)"),
    "bgc": mark("flips to color (bgc)"),
    "bgcf": mark("flips to filters (bgcf)"),
    "bgcfn": mark("flips to noise (bgcfn)"),
    "bgcfnc": mark("all of them (bgcfnc)"),
}
PRECISION_CHOICES: Mapping[str, str] = {
    "auto": mark("automatic"),
    "float32": "float32",
    "float16": "float16",
    "bfloat16": "bfloat16",
}
DEVICE_CHOICES: Mapping[str, str] = {
    "auto": mark("automatic"),
    "cpu": mark("processor"),
    "cuda": mark("NVIDIA GPU"),
}
