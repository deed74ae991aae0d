"""What are they buying, and at what price? Carts, orders and offers."""
