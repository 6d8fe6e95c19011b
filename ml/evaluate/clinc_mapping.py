"""Map those of CLINC150's intents to the starter categories that clearly belong to one, written before it was tried."""

INTENTS = {
    "bill_balance": "billing",
    "bill_due": "billing",
    "international_fees": "billing",
    "min_payment": "billing",
    "account_blocked": "account",
    "order_status": "order",
    "replacement_card_duration": "order",
    "card_declined": "bug",
    "report_fraud": "security",
    "report_lost_card": "security",
    "pin_change": "howto",
    "sync_device": "howto",
    "reset_settings": "howto",
}
