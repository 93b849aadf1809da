"""Quality: what data have to be like, said as expectations and held against them."""
