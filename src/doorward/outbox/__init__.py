"""Events and deliveries, written in the transaction of what they tell of. Knows no connector and sends nothing."""
