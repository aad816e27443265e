"""Recorded or made-up answers of a service, and a server on this machine that plays them, with faults on demand.

``tape`` is the folder, ``answers`` one recorded answer, ``tables`` rows that are filtered as the service would,
``services`` how each service filters, ``faults`` what may go wrong and ``spoiling`` how it does, ``player`` the
server, ``recorder`` what makes a tape of a live fetch, ``simulated`` tapes of the embedded simulators.
"""
