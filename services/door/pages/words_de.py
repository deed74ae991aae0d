"""The pages in German."""

GERMAN = {
    "skip": "Zum Inhalt",
    "way_1": "E-Mail",
    "way_2": "SMS",
    "way_3": "Push-Nachrichten",
    "way_4": "Posteingang in App und Shop",
    "way_5": "Andere Dienste",
    "way_6": "Werbung auf anderen Seiten",
    "way_7": "Anzeige im Geschäft",
    "fact_address": "Gesendet an",
    "fact_purpose": "Thema",
    "fact_way": "Per",
    # Abmelden.
    "unsubscribe_title": "Abmelden?",
    "unsubscribe_text": "Ein Klick auf den Knopf, und wir senden Ihnen das nicht mehr.",
    "unsubscribe_button": "Abmelden",
    "unsubscribe_all_button": "Gar keine Werbung mehr",
    "unsubscribe_note": "Nachrichten zu Ihren Bestellungen erreichen Sie weiterhin.",
    "unsubscribe_already_title": "Sie sind abgemeldet",
    "unsubscribe_already_text": "Sie bekommen das nicht mehr von uns. Es bleibt nichts zu tun.",
    "unsubscribed_title": "Sie sind abgemeldet",
    "unsubscribed_done": "Gespeichert: Sie bekommen das nicht mehr.",
    "unsubscribed_text": "Eine Nachricht, die schon unterwegs ist, kann noch ankommen. "
    "War es ein Versehen? Hinter dem anderen Link in derselben Nachricht, zu Ihren Einstellungen, "
    "können Sie es wieder einschalten.",
    "unsubscribed_all_title": "Keine Werbung mehr",
    "unsubscribed_all_done": "Gespeichert: Sie bekommen von uns keine Werbung mehr.",
    "unsubscribed_all_text": "Eine Nachricht, die schon unterwegs ist, kann noch ankommen.",
    "one_click_done": "Abgemeldet.",
    # Bestätigen.
    "confirm_title": "Bitte bestätigen",
    "confirm_text": "Jemand, hoffentlich Sie, hat uns gebeten, das an Ihre Adresse zu senden. "
    "Das tun wir nur mit Ihrer Bestätigung.",
    "confirm_button": "Ja, bestätigen",
    "confirm_note": "Wenn Sie es nicht waren, schließen Sie einfach diese Seite: Es wird nichts gesendet.",
    "confirmed_title": "Vielen Dank",
    "confirmed_done": "Bestätigt: Sie hören von uns.",
    "confirmed_text": "Jede Nachricht hat einen Link, mit dem Sie es sich anders überlegen können.",
    "confirm_already_title": "Schon bestätigt",
    "confirm_already_text": "Das haben Sie schon bestätigt. Es bleibt nichts zu tun.",
    "confirm_over_title": "Diese Anfrage ist erledigt",
    "confirm_over_text": "Sie haben danach Nein gesagt, darum gibt es nichts zu bestätigen. "
    "Wenn Sie es doch möchten, melden Sie sich bitte neu an.",
    # Die Einstellungen.
    "centre_title": "Ihre Nachrichten von uns",
    "centre_text": "Wählen Sie, was Sie erreicht und wie. Es gilt überall: im Shop, in der App und im Geschäft.",
    "centre_saved": "Gespeichert. So ist es jetzt.",
    "centre_save": "Speichern",
    "centre_all_off": "Gar keine Werbung mehr",
    "centre_ways_title": "Wovon Sie hören möchten",
    "centre_pending": "wartet auf Ihre Bestätigung",
    "centre_pause_title": "Eine Pause",
    "centre_pause_off": "Keine Pause",
    "centre_pause_month": "Einen Monat lang keine Werbung",
    "centre_pause_keep": "Pause bis {until}",
    "centre_quiet_title": "Ruhezeiten",
    "centre_quiet_text": "In dieser Zeit senden wir nichts, außer worum Sie selbst bitten.",
    "centre_quiet_on": "Zu bestimmten Stunden Ruhe halten",
    "centre_quiet_from": "Von",
    "centre_quiet_to": "Bis",
    "centre_language_title": "Sprache",
    "centre_language_label": "Sprache Ihrer Nachrichten",
    "language_en": "English",
    "language_de": "Deutsch",
    "centre_wording": "Mit dem Speichern stimmen Sie den hier angekreuzten Nachrichten zu; "
    "das können Sie jederzeit zurücknehmen.",
    # Weiter mit dem Warenkorb.
    "resume_title": "Weiter mit Ihrem Warenkorb",
    "resume_text": "Ihr Warenkorb wartet auf Sie, so wie Sie ihn verlassen haben.",
    "resume_button": "Zu meinem Warenkorb",
    "resume_note": "Wer diesen Link hat, kann den Warenkorb sehen und ändern. Geben Sie ihn am besten nicht weiter.",
    # Absagen.
    "refused_title_UNKNOWN": "Diesen Link kennen wir nicht",
    "refused_text_UNKNOWN": "Vielleicht wurde er abgeschnitten. Bitte öffnen Sie ihn noch einmal aus der Nachricht, "
    "oder kopieren Sie ihn ganz.",
    "refused_title_EXPIRED": "Dieser Link ist abgelaufen",
    "refused_text_EXPIRED": "Links gelten zu Ihrer Sicherheit nur eine Zeit lang, manche nur einmal. "
    "Eine neuere Nachricht von uns hat einen frischen.",
    "refused_title_ERASED": "Es ist nichts mehr gespeichert",
    "refused_text_ERASED": "Die Daten, zu denen dieser Link gehört, wurden gelöscht. "
    "Sie bekommen keine Nachrichten von uns.",
    "refused_title_TOO_MANY": "Einen Moment bitte",
    "refused_text_TOO_MANY": "Gerade gab es sehr viele Anfragen. Bitte versuchen Sie es gleich noch einmal.",
    "refused_title_AWAY": "Das geht gerade nicht",
    "refused_text_AWAY": "Etwas bei uns ist nicht erreichbar. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
    "refused_title_BAD_REQUEST": "Das hat nicht geklappt",
    "refused_text_BAD_REQUEST": "Bitte öffnen Sie den Link noch einmal aus der Nachricht, "
    "und benutzen Sie dort den Knopf.",
    "refused_title_WRONG_METHOD": "Das hat nicht geklappt",
    "refused_text_WRONG_METHOD": "Das kann diese Seite nicht. Bitte öffnen Sie den Link noch einmal aus der Nachricht.",
    "refused_title_TOO_SLOW": "Das hat zu lange gedauert",
    "refused_text_TOO_SLOW": "Die Verbindung war zu langsam. Bitte versuchen Sie es noch einmal.",
    "refused_title_TOO_LARGE": "Das war zu viel",
    "refused_text_TOO_LARGE": "Es kam mehr an, als diese Seite haben möchte. "
    "Bitte öffnen Sie den Link noch einmal aus der Nachricht.",
    "refused_title_INTERNAL": "Hier ist etwas schiefgegangen",
    "refused_text_INTERNAL": "Das liegt an uns, und wir haben es vermerkt. "
    "Bitte versuchen Sie es in ein paar Minuten noch einmal.",
}
