"""The public door: what a customer clicks in a mail, as a small HTTP server of its own.

It owns nothing. It has no database and no keys: the tokens in its links are made and read by preference and cart, and
passed on as they are. A GET shows what a link is for, and changes nothing, whoever follows it; a POST acts.
It announces nothing itself: what is done here, preference and messaging announce.

    web/     HTTP: the server, limits on sizes, times and numbers, headers, traces. Knows no page
    pages/   what is shown: words in two languages, templates, the brand's look. Knows no HTTP
    acts/    one file for each kind of link: asks another service, gives a page
"""
