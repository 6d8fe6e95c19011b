"""List what people write when they turn to another matter, come back to one, add to one, or close one.

In English, German, Spanish and Chinese, as phrases of `ml.text.phrases`, without accents, which are taken off the
messages too.
"""

TURNS = """also, btw, by the way, another thing/question/issue/problem/topic/matter, one more
thing/question/issue/point, on another note/topic, different question/topic/issue/matter, separate/separately,
unrelated, second, secondly, third, thirdly, next question/thing, new question/issue/topic/problem, something
else, apart from that, besides, oh and, and also, plus, wait also, before that, while i have you, before i forget,
other question, and another, ausserdem, ubrigens, noch was/etwas/eine/ein, andere/anderes
frage/thema/sache/problem, eine andere, ein anderes, zweitens, drittens, achja, ach ja, nebenbei, daneben, davon
abgesehen, weiterhin, desweiteren, und dann noch, ademas, por cierto, otra cosa/pregunta/duda/consulta, otro
tema/asunto/problema, tambien, aparte, por otro lado, segundo, tercero, y otra, 另外, 还有, 顺便, 对了, 再问,
另一个, 另一件, 其次, 第二, 第三, 此外, 换个问题, 别的问题, 再请教, 还想问"""
"""Another matter begins, if this is near the beginning of a message."""

CHASES = """still no/not/nothing/waiting/broken/down/failing/isnt/hasnt/cant/doesnt/happening/the, any
news/update/updates/progress/word, anyone/anybody there?, is/are anybody/anyone/you there, whats the status,
status update, following up, follow up, just checking, bump, ping, when will you/we/i, how long will, waiting for
you/an/a, as i said, as mentioned, same again, same problem/issue/error/here, me too, happening again,
working/works/broken/down again, too ., no answer/reply, please/pls reply/answer/hurry, immer noch, gibt es/gibts
neuigkeiten/was/etwas, was neues, schon was, jemand da, wie ist der stand, stand der dinge, warte noch/immer, ich
warte, keine antwort, bei mir/uns auch, auch ., das gleiche/selbe, geht wieder, todavia, sigue/sigo, aun no,
alguna novedad/noticia, hay novedades, hay alguien, alguien ahi, sigo esperando, lo mismo, me pasa igual, sin
respuesta, tambien ., funciona otra vez, 还没, 还是, 有消息, 有进展, 怎么样了, 有人吗, 在吗, 催, 等了, 依然, 仍然,
同样的问题, 我也是, 一样的问题, 什么进展, 又好了, 又坏了"""
"""Somebody asks again after what was asked, or says that it is so for them as well."""

ADDITIONS = """screenshot/screenshots, attached, see attached/attachment/picture/photo/below,
picture/pictures/photo/photos/file attached?, here is/are the/a/my, heres, for example, e g, eg, i mean, to be
clear, correction, sorry i meant, i meant, more details, update, edit, details, in other words, ps, p s, anbei, im
anhang, bild/bilder/foto/fotos, siehe, z b, zum beispiel, ich meine, ich meinte, korrektur, genauer, adjunto,
adjunta, captura, foto/fotos, imagen/imagenes, aqui esta/tiene, por ejemplo, quiero decir, quise decir, 截图,
附件, 如图, 图片, 照片, 例如, 比如, 我是说, 补充, 订单号, 单号"""
"""More about the same is added."""

REFERS = """it, its, it s, that, thats, this, these, those, they, theyre, he, she, his, her, there, same, then,
but it, but he, but she, but they, and it, and they, and how, and what, and when, and where, so, because, since,
which, who, otherwise, instead, not, no, yes, yeah, yep, ok, tried, already, only, just, even, with, without,
like, about, for, to, at, in, on, the one, das, dies, diese, er, sie, es, dort, weil, denn, ja, nein, nur, schon,
nicht, ohne, mit, und wie, und was, und wann, eso, esto, ese, esta, el, ella, porque, si, ya, sin, con, solo, y
cuando, y como, pero, 它, 他, 她, 这, 那, 就是, 因为, 已经, 不是, 是的, 对, 都, 一直, 要, 没有"""
"""A message that begins so speaks of what was said before it."""

CLOSES = """thanks, thank you, thx, ty, cheers, great, perfect, solved, works now, its back, ok back, all good,
never mind, nevermind, found it, fine again, got it, danke, super, erledigt, geht wieder, passt, gracias,
perfecto, resuelto, ya funciona, 谢谢, 多谢, 感谢, 好的, 解决了, 好了, 收到"""
"""A short message with this ends a matter."""

ASKS = """how do/does/can/much/many/long/to, can/could/would/will you/i/we/one, do/does/did you/i/we/the/it,
is/are there/the/it/you, where do/is/are/can/does, what is/are/does, whats, when do/does/is/are/will, who
do/is/can, why do/does/is/are, i/we want/need/would/have, id like, wed like, please, pls, wie
kann/lange/viel/oft/geht, kann/konnen/konnten man/ich/wir/sie/ihr, gibt es, wo ist/finde/kann, was kostet, wann
kommt/ist, bitte, como puedo/hago/se, puedo, pueden, podrian, hay, donde, cuando, cuanto, quiero, necesito, 怎么,
如何, 请问, 能不能, 可以, 有没有, 请帮, 什么时候, 为什么, 我想"""
"""A message that begins so can stand by itself."""

JOINS = """and, but, or, also, oh, ah, ok, okay, well, so, btw, plus, und, aber, oder, auch, ach, ubrigens, ausserdem,
y, e, pero, o, ademas, por cierto, et, mais, ou, aur, 还有, 对了, 顺便, 而且, 那, 另外, 就是"""
"""A message that begins so goes on, with the same or with another matter."""

_COMMON = """
about after again also another anyone been before being both cannot cant could does doesnt done dont each even
every from have having hello help here hers into isnt just know like look make many more most much need never only
other over please problem question really same should since some still such sure than thank thanks that thats
their them then there these they thing think this those time today tomorrow very want wanted wants well were what
when where which while whole will with without work working works would yesterday your yours issue morning good
dear team using used able back always first second third last next week month year days hours minutes found find
says said tell told something anything nothing aber alle auch bitte danke dann dass denn dies diese doch eine
einen einer einem frage ganz habe haben hallo heute hier ihre immer kann keine mehr mein meine mich nach nicht
noch oder schon sein sich sind unser unsere viel wann wenn werden wieder wird wurde guten morgen geht gibt konnen
algo ahora aqui buenas buenos como con cuando donde esta este esto estoy gracias hace hasta hola mucho nuestra
nuestro para pero porque puede puedo quiero siempre sobre tambien tengo tiene todo todos usted ustedes muy dias
"""
COMMON = frozenset(_COMMON.split())
"""Words of four letters and more that say nothing about the matter."""
COMMON_CHINESE = frozenset(
    "我你他她它们的了是在有不这那吗呢吧啊就都也和与请问能可以怎么什时候没会要想帮还很个上下到一二三两多少谢"
)
"""Characters that say nothing about the matter."""
