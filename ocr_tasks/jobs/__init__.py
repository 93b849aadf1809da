"""The jobs: what the command line and the DAGs call, plain values in, plain JSON out."""
