"""Reference (n): the five services as they are usually written, over the same records and with the same messages.

Stock tracing instrumentation, a log line for each call, a Motor dictionary converted by hand in each service, and one
call for each section from an aggregator to four services. Nobody is asked for a token, nothing is validated, nothing is
measured, and no merge, no version and no failure is looked at: all of that is what the suite has to do beside.
"""
