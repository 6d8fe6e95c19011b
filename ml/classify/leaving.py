"""Tell whether a customer wishes to leave, which is another thing than to cancel an order."""

from ml.text.phrases import phrases

# What people end when they leave. To cancel anything else, an order or a meeting, is no wish to leave.
BOND = (
    "subscription/subscriptions/plan/contract/agreement/membership/account/service/services/licence/licences/license/"
    "licenses/renewal/auto/autorenewal/trial/everything/arrangement/policy"
)
ENDS = (
    "cancel/cancelling/canceling/terminate/terminating/end/ending/discontinue/stop/quit/close/closing/deactivate/delete"
)
BOND_ABROAD = "vertrag/abo/abonnement/mitgliedschaft/lizenz/lizenzen/zusammenarbeit/konto"

# Taken out of the text first: what only sounds like leaving.
STAYS = """do/does/did not .. cancel/leave/terminate, dont/didnt/never .. cancel/leave/terminate,
not cancel/leave/leaving, by accident/mistake, accidentally .. cancelled/canceled/deleted, instead of cancelling,
without cancelling, not to cancel/leave, account itself stays, before we cancel one, 不是..(退订/取消/注销), 不想退,
并不想..(退订/取消), 不小心, 误点, 没有要取消,
nicht kündigen/gekündigt, keine kündigung, nicht vor .. zu kündigen, no queremos/quiero cancelar/rescindir,
pas .. résilier"""
LEAVES = f"""{ENDS} my/our/the/this/that/your/a? .. {BOND}, cancel it all, want/wants/like/decided/wish out,
get me out, way out of .. contract/agreement/plan, notice of termination/cancellation, termination of,
notice to terminate/discontinue/end/cancel, send .. termination, hereby terminate,
wont/not be? renew/renewing/extend/extending/continue/continuing,
dont/do/not/never want/going/intend/plan to renew/extend/continue, dont/not renew, non renewal, not go on with,
dont/not want to go on, do not renew, stop billing/charging/paying, turn/switch off .. renewal, disable .. renewal,
opt out of .. renewal/subscription, we are/were/re leaving, were/are/am leaving you, leave you, before leaving,
leaving for, thinking/think about/of leaving,
moving/move/switching/switch/going/go/change/changing .. another/different/other provider/vendor/supplier/company,
moving/switching/switch/move/go/going/gone with/to .. competitor/competitors/competition,
take .. business elsewhere, looking/look for an/another/some? alternative/alternatives/replacement,
talking/talk to other vendors/providers,
no longer need/want/require .. service/tool/product/licences/licenses/software/subscription/it,
wont need .. licences/tool/service, not need .. licences/licenses/tool/service any,
shutting/closing down our company/business, lost a/this customer, losing a/this customer, done with you/your,
im done with, close it down, unsubscribe .. from .. service, downgrade .. free, wind .. things down, quit .. using,
stop using, stopped using, threaten to leave/cancel, threaten to ., we cancel ., well cancel ., ill cancel .,
will cancel ., going to cancel, want to cancel ., regret .. signing up, ever signing up, deregister, end things,
取消(订阅/会员/套餐/服务/续费/自动续费/合同), 取消..(订阅/自动续费), 退订, 解约, 终止(合作/合同/服务/协议),
解除(合同/合作), 不续费, 不再续, 不续约, 不续了, 不再使用, 不再合作, 不想用了, 不用了, 不用你们, 不打算续,
关(掉/闭)自动续费, 注销(账号/账户/帐号)?, (账号/账户)..(停掉/删了/关掉), 换(别家/一家/家/供应商/其他家),
停止(订阅/扣费/服务), 退出会员, 销户,
{BOND_ABROAD} .. kündigen/kündige/gekündigt/auflösen/beenden, kündigen/kündige .. {BOND_ABROAD},
hiermit kündige/kündigen,
wollen/möchten/möchte/werden/will .. kündigen, kündigen wir, kündigung unseres/meines/des/zum/einreichen,
{BOND_ABROAD} nicht .. verlängern, nicht mehr verlängern, zu einem anderen anbieter, anbieter wechseln,
cancelar/rescindir .. suscripción/contrato/cuenta/servicio, darnos/darme de baja,
résilier .. contrat/abonnement/compte/service, résiliation du/de, mettre fin au contrat"""


def wants_to_cancel(plain: str) -> str | None:
    """Return the words by which a customer says to leave or to think of it.

    Asking for the account to be closed and threatening to leave count; cancelling an order or a meeting does not.
    """
    found = phrases(LEAVES).search(phrases(STAYS).sub(".", plain))
    return found[0] if found else None
