"""Quality review: what is to be looked at again, the scores, and what each operator reads of their own."""
