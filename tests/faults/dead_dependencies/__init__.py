"""What services depend on beside each other is away: MongoDB, and Kafka."""
