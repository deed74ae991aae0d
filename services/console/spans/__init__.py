"""Where the spans come from that the pages draw: kept here, or asked of Jaeger or Tempo.

values     what a span is
source     what the pages ask of whoever has the spans
reading    OTLP -> spans; taking: a request's body -> OTLP
store      the newest spans in memory, bounded; kept: the source that reads it
receiver   OTLP over HTTP, for `spans_listen` and for `python -m services.console.spans PORT`
file       what was taken, as OTLP JSON lines
jaeger, tempo    the sources that ask a back end
"""
