"""The simulated world: cameras, a phone network and an alarm panel, as equipment that stands outside the product.

It imports nothing of the product and is reached only through the ports real equipment uses: RTSP, Twilio's REST
API with its callbacks, and the panel's REST signals. Run it with ``python -m soc.demo``.
"""
