"""RTSP cameras: footage, a clock, clients, faults. Knows nothing of phones, panels or the product."""
