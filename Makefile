# Two commands: `make app` serves the explorer, `make test` passes the tests. Both set up .venv first.
PYTHON ?= python3.11
VENV   ?= .venv
PORT   ?= 8866
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: app workshop lab test env lint bench docs studies networks lock clean

app: env  ## serve the explorer at http://localhost:$(PORT)/
	@$(BIN)/python -m mdp_widgets --port $(PORT)

workshop: env  ## serve a class of thirty: prints a link for pupils and one for the teacher; see docs/workshop.md
	@$(BIN)/python -m mdp_widgets --port $(PORT) --address 0.0.0.0 --pages 30 --warm 3 --idle 60 --no-long-work --class

lab: env  ## the notebooks in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir=notebooks

test: env  ## all tests; the browser tests need Chromium and are skipped without it (never in CI)
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: env  ## style, who may import whom, and types of the public API
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: env  ## the documentation, as a site that works offline: open build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open build/site/index.html"

bench: env  ## the numbers of docs/measurements, measured side by side in one run
	$(BIN)/python -m benchmarks.solvers
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.classroom

env: $(READY)  ## .venv with everything that requirements.lock pins, nothing else

# uv installs in seconds what pip takes minutes for; pip checks uv's own hash first. Compiling costs half a minute
# once; without it every start of Python would do it again where PYTHONDONTWRITEBYTECODE is set or .venv is read-only.
$(READY): requirements.lock bootstrap.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV): about 3 GB of packages, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# The studies that come along, made anew: on a quiet machine, about 25 minutes on one CPU thread.
# The pictures for EfficientNet-Lite0's importance are not ours to ship. IMAGENET=folder (of class folders of all 1,000
# classes, which measures for about ten minutes) takes it anew; without, its study lends what it has.
IMAGENET ?=
# CIFAR=folder of CIFAR-10's pictures takes the studies of the CIFAR ResNet and ViT anew.
CIFAR ?=
studies: env
	for m in resnet vit; do \
	  set -e; case $$m in resnet) title=ResNet;; vit) title=ViT;; esac; \
	  $(BIN)/python -m mdp profile fmnist_$$m --device cpu --threads 1 --batch 32 --seconds 300 --out build/$$m.tables.json; \
	  $(BIN)/python -m mdp score fmnist_$$m --method measured --images 2048 --out build/$$m.scores.json; \
	  $(BIN)/python -m mdp build fmnist_$$m --tables build/$$m.tables.json --scores build/$$m.scores.json \
	    --name "Fashion-MNIST $$title · CPU · batch 32" --out data/studies/fmnist-$$m-cpu.json; \
	  $(BIN)/python -m mdp verify data/studies/fmnist-$$m-cpu.json --seconds 150; \
	  $(BIN)/python -m mdp measure data/studies/fmnist-$$m-cpu.json --data fashion-mnist --budgets $(MEASURED) --save; \
	  $(BIN)/python -m mdp verify data/studies/fmnist-$$m-cpu.json --accuracy --data fashion-mnist --plans 30; \
	done
	$(BIN)/python -m mdp profile tf_efficientnet_lite0 --device cpu --threads 1 --batch 1 --out build/lite0.tables.json
	test -z "$(IMAGENET)" || $(BIN)/python -m mdp score tf_efficientnet_lite0 --data "$(IMAGENET)" --method measured \
	  --images 400 --batch 4 --out build/lite0.scores.json
	$(BIN)/python -m mdp build tf_efficientnet_lite0 --tables build/lite0.tables.json \
	  --scores $(if $(IMAGENET),build/lite0.scores.json,data/studies/efficientnet-lite0-cpu.json) --name "EfficientNet-Lite0 · CPU · batch 1" \
	  --out data/studies/efficientnet-lite0-cpu.json
	$(BIN)/python -m mdp verify data/studies/efficientnet-lite0-cpu.json --seconds 120
	test -z "$(CIFAR)" || for m in resnet20 vit; do \
	  set -e; case $$m in resnet20) title=ResNet-20;; vit) title=ViT;; esac; \
	  $(BIN)/python -m mdp profile cifar_$$m --device cpu --threads 1 --batch 32 --out build/cifar-$$m.tables.json; \
	  $(BIN)/python -m mdp score cifar_$$m --data "$(CIFAR)" --method measured --images 2048 --out build/cifar-$$m.scores.json; \
	  $(BIN)/python -m mdp build cifar_$$m --tables build/cifar-$$m.tables.json --scores build/cifar-$$m.scores.json \
	    --name "CIFAR-10 $$title · CPU · batch 32" --out data/studies/cifar-$$m-cpu.json; \
	  $(BIN)/python -m mdp verify data/studies/cifar-$$m-cpu.json --seconds 130; \
	  $(BIN)/python -m mdp measure data/studies/cifar-$$m-cpu.json --data "$(CIFAR)" --budgets $(MEASURED) --save; \
	done

# Budgets whose plans are repaired and measured, in per cent of dense: what the page knows without torch.
MEASURED := 15,18,21,24,25,27,30,33,36,40,44,48,50,52,56,60,65,70,75,80,85,90

# Pruned, repaired and fine-tuned on 20,000 images of Fashion-MNIST (Debian: dataset-fashion-mnist), measured on
# 10,000: a few minutes each.
networks: env
	for m in resnet vit; do for budget in 15 25 40 60; do \
	  $(BIN)/python -m mdp finetune fmnist-$$m-cpu --budget $$budget% --recipe quick --images 20000 \
	    --out data/networks/fmnist-$$m-$$budget || exit 1; \
	done; done

lock: env  ## pin anew what pyproject.toml asks for: hashes, no addresses
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra dev --extra torch --extra docs --extra detection pyproject.toml --output-file requirements.lock
	grep -A 1000 '^uv==' requirements.lock | awk 'NR==1 || /^    --hash/ {print; next} {exit}' > bootstrap.lock

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis .ruff_cache
