"""Programs for development and proof. They run beside the services, never inside them."""
