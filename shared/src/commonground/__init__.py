"""What every Meldstroom block shares, and no word of the domain.

``settings``, ``database``, ``messaging`` (envelope, outbox, relay, inbox, consumer, dead letters, replay),
``web`` and ``problems`` (HTTP), ``auth``, ``idempotency``, ``observability``, ``service`` (processes),
``manage`` (commands), ``contracts`` (rendered files), ``testing``.
"""
