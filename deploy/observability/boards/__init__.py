"""The dashboards: what is on each, and in which order they are read."""

from deploy.observability.boards.events import EVENTS
from deploy.observability.boards.journeys import JOURNEYS
from deploy.observability.boards.messages import MESSAGES
from deploy.observability.boards.overview import OVERVIEW
from deploy.observability.boards.runtime import RUNTIME

BOARDS = (OVERVIEW, JOURNEYS, MESSAGES, EVENTS, RUNTIME)
