"""Builds the churn example and the tree-kernel fixtures of Sluice. See training/README.md."""
