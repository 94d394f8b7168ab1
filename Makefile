# Liên Thông. Một cửa / one front door: `make help`.

.DEFAULT_GOAL := help
.PHONY: help setup run test chaos check bench openapi docs clean
SETUP := @sh scripts/setup.sh
BIN := .venv/bin

help: ## Danh sách lệnh này / This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  LIENTHONG_PORT, LIENTHONG_HOME, LIENTHONG_DATABASE_URL, LIENTHONG_ADMIN_TOKEN: docs/settings.md"

setup: ## Chuẩn bị .venv, kể cả cho phát triển / Prepare .venv, for development too
	$(SETUP) dev

run: ## Cài những gì thiếu, nạp dữ liệu, phục vụ; Ctrl-C để dừng / Install what is missing, load, serve; Ctrl-C stops
	$(SETUP) run
	@exec $(BIN)/lienthong up

test: ## Toàn bộ kiểm thử (ARGS="-k tên") / All tests (ARGS="-k name")
	$(SETUP) dev
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

chaos: ## Kiểm thử dài và phá hoại / Long tests, and those that end processes by force (ARGS="-k name")
	$(SETUP) dev
	$(BIN)/python -m pytest -m chaos $(ARGS)

check: ## Kiểm tra mã: ruff, mypy --strict, import-linter / Check the code
	$(SETUP) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: ## Đo hiệu năng so với các cách khác (ARGS=...) / Benchmarks against peers (ARGS=...)
	$(SETUP) dev
	@exec $(BIN)/python -m bench $(ARGS)

openapi: ## Ghi lại openapi/openapi.json / Write openapi/openapi.json anew
	$(SETUP) run
	$(BIN)/lienthong openapi export

docs: ## Tạo lại phần tài liệu sinh từ mã / Write the generated part of the documentation anew
	$(SETUP) run
	$(BIN)/lienthong docs build

clean: ## Xoá bộ đệm, giữ .venv và dữ liệu; ALL=1 xoá hết / Remove caches, keep .venv and data; ALL=1 removes all
ifeq ($(ALL),1)
	@if [ -d .local/pg/data ]; then LIENTHONG_HOME=.local $(BIN)/lienthong db stop; fi
	rm -rf .local .venv .bootstrap .setup.lock
endif
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . \( -name .venv -o -name .bootstrap -o -name .local -o -name .git \) -prune -o -name __pycache__ -exec rm -rf {} +
