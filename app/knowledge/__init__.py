"""Knowledge: files read into passages, and questions answered from them."""
