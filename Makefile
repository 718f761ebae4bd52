# make lab      learn: your own copies of the chapters, in JupyterLab
# make test     everything that must hold, chapters and browser included
# make solved   every chapter with the reference solutions, in build/solved
# make mutants  every exercise that is code, against small faults in its reference
# make bench    the networks beside torchvision and timm, step by step (about 10 minutes)
# make lint     house style

PYTHON ?= python3
COURSE = .venv/bin/python
SETUP = @command -v "$(PYTHON)" >/dev/null || { \
	echo "There is no $(PYTHON): install Python 3.11 or newer, then run it again." >&2; exit 1; }; \
	"$(PYTHON)" tools/setup.py

.PHONY: lab test solved mutants bench lint

lab:
	$(SETUP) lab
	@$(COURSE) -m cnncourse start my-course $(LAB_ARGS)

test: export OMP_NUM_THREADS = 1
test:
	$(SETUP) test
	@$(COURSE) tools/chromium.py
	@$(COURSE) tools/bubblewrap.py
	@$(COURSE) tools/nbgrader_environment.py
	@$(MAKE) --no-print-directory solved
	$(COURSE) -m pytest -n 2 --dist loadfile -rfEs --nbval-lax --nbval-current-env tests chapters build/solved

solved:
	$(SETUP) lab
	@rm -rf build/solved
	@$(COURSE) -m cnncourse solve chapters build/solved

mutants:
	$(SETUP) test
	@$(COURSE) tools/mutation.py

bench: export OMP_NUM_THREADS = 1
bench:
	$(SETUP) test
	$(COURSE) -m pytest -s benchmarks

lint:
	$(SETUP) test
	@$(COURSE) -m ruff check .
