"""Map Bitext's intents to the starter categories; the model card argues each doubtful one."""

INTENTS = {
    "check_invoice": "billing",
    "get_invoice": "billing",
    "check_payment_methods": "billing",
    "payment_issue": "billing",
    "check_cancellation_fee": "billing",
    "get_refund": "refund",
    "check_refund_policy": "refund",
    "track_refund": "refund",
    "create_account": "account",
    "delete_account": "account",
    "edit_account": "account",
    "recover_password": "account",
    "registration_problems": "account",
    "switch_account": "account",
    "place_order": "order",
    "change_order": "order",
    "cancel_order": "order",
    "track_order": "order",
    "delivery_options": "order",
    "delivery_period": "order",
    "change_shipping_address": "order",
    "set_up_shipping_address": "order",
    "complaint": "complaint",
    "review": "complaint",
    "contact_customer_service": "human",
    "contact_human_agent": "human",
}
# A newsletter is in none of our categories: there is no right answer to measure by.
LEFT_OUT = frozenset({"newsletter_subscription"})
