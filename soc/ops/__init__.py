"""Operations: servers, supervision, secrets, the browser, checks of the source.

Plain Python that starts the product and looks at it from outside. It imports neither Django nor any of our
packages, so that it works before a database exists and cannot be broken by a mistake in the product.
"""
