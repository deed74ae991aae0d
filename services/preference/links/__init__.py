"""The links in mails, by which customers unsubscribe, confirm a yes, and set their preferences without a login.

`tokens` makes and reads them, `standing` says how things stand for an address, `model` decides, `views` says what a
page shows, `operations` coordinates. Nobody but preference has the keys: the public door passes tokens on.
"""
