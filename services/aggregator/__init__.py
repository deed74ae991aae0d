"""Where do they stand right now? The same context for every channel, and the journey that led there.

Owns: sessions, journeys and their touchpoints; nothing of what profile, cart, preference and messaging own.
Promises: a context shows what is committed when it is asked for, in the same bytes on every channel; a section whose
service does not answer is missing by name, and the rest is served in time. A touchpoint belongs to a journey by
customer and time of occurrence, in whatever order news of it arrives, and none is lost by a merge.
Announces on `omnithread.context.v1.events`: sessions, journeys begun, ended, absorbed and sealed, and every touchpoint.
"""
