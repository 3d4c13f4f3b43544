def main() -> None:
    raise SystemExit("being built")
