"""A server that speaks MongoDB's wire protocol and answers from memory, so that no disk is measured."""
