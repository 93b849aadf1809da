"""A stand-in for PaddleOCR's source tree.

It trains nothing: its programs write down what they were asked, say what PaddleOCR's would say, and
leave the files that PaddleOCR's would leave. What calls them is the real PaddleX.
"""

import json
from pathlib import Path

CONFIG = """\
Global:
  epoch_num: 9
  eval_batch_step: [0, 2000]
  pretrained_model:
  checkpoints:
  character_dict_path: nowhere.txt
  max_text_length: &max_text_length 25
  use_space_char: false
Optimizer:
  lr: {name: Cosine, learning_rate: 0.5, warmup_epoch: 5}
Architecture:
  algorithm: SVTR_LCNet
  Head:
    head_list:
    - NRTRHead: {nrtr_dim: 384, max_text_length: *max_text_length}
PostProcess:
  name: CTCLabelDecode
Train:
  dataset:
    name: MultiScaleDataSet
    data_dir: nowhere
    label_file_list: [nowhere.txt]
    transforms:
    - RecConAug: {prob: 0.5, max_text_length: *max_text_length}
  sampler: {name: MultiScaleSampler, first_bs: 128}
  loader: {batch_size_per_card: 128}
Eval:
  dataset:
    name: SimpleDataSet
    data_dir: nowhere
    label_file_list: [nowhere.txt]
    transforms:
    - RecResizeImg: {image_shape: [3, 48, 320]}
  loader: {batch_size_per_card: 128}
"""

COMMON = """\
import json, os, shutil, sys, time
from pathlib import Path
import yaml

TREE = Path(__file__).parents[1]
CONFIG = yaml.safe_load(Path(sys.argv[sys.argv.index("-c") + 1]).read_text())
GLOBAL = CONFIG["Global"]

def read(name):
    path = Path(name or "nowhere")
    return path.read_text(encoding="utf-8") if path.is_file() else None

def record(name):
    dataset = Path(CONFIG["Train"]["dataset"]["data_dir"])
    told = {
        "argv": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ),
        "config": CONFIG, "dictionary": read(GLOBAL.get("character_dict_path")),
        "train": read(CONFIG["Train"]["dataset"]["label_file_list"][0]),
        "val": read(CONFIG["Eval"]["dataset"]["label_file_list"][0]),
        "images": sorted(str(p.relative_to(dataset)) for p in dataset.glob("**/*.jpg")),
        "checkpoint": read(GLOBAL.get("checkpoints")),
    }
    records = TREE / "records"
    records.mkdir(exist_ok=True)
    number = len(list(records.glob(f"{name}-*")))
    (records / f"{name}-{number}.json").write_text(json.dumps(told))

def behave(name):
    path = TREE / "behaviour.json"
    behaviour = json.loads(path.read_text()) if path.exists() else {}
    if behaviour.get("program") == name:
        exec(behaviour["does"])
"""

TRAIN = """\
record("train")
OUT = Path(GLOBAL["save_model_dir"])
first = 1
if GLOBAL["checkpoints"]:
    first = int((OUT / "latest" / "latest.states").read_text()) + 1
print("ppocr INFO: train dataloader has 2 iters", flush=True)

def save(prefix, told):
    folder = OUT / prefix
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("pdparams", "pdopt"):
        (folder / f"{prefix}.{ending}").write_text(f"{prefix} {told['epoch']}")
    (folder / f"{prefix}.states").write_text(str(told["epoch"]))
    (folder / f"{prefix}.info.json").write_text(json.dumps(told))
    shutil.copytree(TREE / "inference", folder / "inference", dirs_exist_ok=True)

for epoch in range(first, GLOBAL["epoch_num"] + 1):
    for step in (2 * epoch - 1, 2 * epoch):
        print(f"ppocr INFO: epoch: [{epoch}/{GLOBAL['epoch_num']}], global_step: {step}, "
              f"lr: 0.0001, acc: 0.0, CTCLoss: 3.0, NRTRLoss: 1.0, loss: {4 / step}, "
              "avg_reader_cost: 0.1 s, ips: 0.4 samples/s, eta: 0:01:10", flush=True)
    acc = 0.25 * epoch
    print(f"ppocr INFO: cur metric, acc: {acc}, norm_edit_dis: 0.75, fps: 12.5", flush=True)
    best = {"acc": acc, "norm_edit_dis": 0.75, "fps": 12.5, "best_epoch": epoch}
    told = {"best_model_dict": best, "epoch": epoch}
    behave("unfinished")
    save("best_accuracy", told)
    save("latest", told)
    behave("train")
save(f"iter_epoch_{GLOBAL['epoch_num']}", told)
"""

EVALUATE = """\
record("eval")
behave("eval")
print("ppocr INFO: metric eval ***************")
print("ppocr INFO: acc:0.5")
print("ppocr INFO: norm_edit_dis:0.875")
"""

EXPORT = """\
record("export_model")
folder = Path(GLOBAL["save_inference_dir"])
shutil.copytree(TREE / "inference", folder, dirs_exist_ok=True)
characters = read(GLOBAL["character_dict_path"]).splitlines()
config = {"Global": {"model_name": GLOBAL["model_name"]},
          "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters}}
(folder / "inference.yml").write_text(yaml.safe_dump(config, allow_unicode=True))
behave("export")
"""


class StandIn:
    """A source tree, and what its programs were asked."""

    def __init__(self, folder: Path, model: str = "PP-OCRv6_small_rec") -> None:
        self.folder = folder
        configs = folder / "configs" / "rec"
        configs.mkdir(parents=True)
        (configs / f"{model}.yml").write_text(CONFIG)
        (folder / "tools").mkdir()
        (folder / "inference").mkdir()
        for name, code in (("train", TRAIN), ("eval", EVALUATE), ("export_model", EXPORT)):
            (folder / "tools" / f"{name}.py").write_text(COMMON + code)

    def asked(self, name: str) -> list[dict]:
        """What a program was asked, each time."""
        found = sorted((self.folder / "records").glob(f"{name}-*"))
        return [json.loads(path.read_text()) for path in found]

    def does(self, program: str, code: str) -> None:
        """Has a program do something else when it has come so far."""
        told = {"program": program, "does": code}
        (self.folder / "behaviour.json").write_text(json.dumps(told))

    def behaves(self) -> None:
        """Has all programs do what they should."""
        (self.folder / "behaviour.json").unlink()
