"""One way to the outside world for all sources over HTTP.

``access`` is what a caller lends (clock, sleep, environment), ``service`` what a source declares, ``client`` sends,
``queue`` keeps the published rate, ``retries`` says what is worth asking again, ``redirects`` and ``refusals`` treat
3xx and 4xx, ``records`` makes rows of answers, ``paging`` cuts windows by date.
"""
