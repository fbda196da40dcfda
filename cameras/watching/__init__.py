"""The watch process: one thread per camera, cameras by lease, frames to the detect workers, candidates to PostgreSQL.

`sight` is what one camera's thread does with a frame and knows no database; `keeper` owns leases and threads; `outbox`
and `evidence` write, `spill` keeps in files what cannot be written yet; `live` serves the newest picture; `hand_off`
tells the workers.
"""
