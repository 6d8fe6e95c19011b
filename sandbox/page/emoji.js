/** Know the emoji that people and apps write by name. */

const NAMES = `
smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 joy 😂 rofl 🤣 slightly_smiling_face 🙂 wink 😉 blush 😊 innocent 😇
heart_eyes 😍 star-struck 🤩 kissing_heart 😘 yum 😋 stuck_out_tongue 😛 thinking_face 🤔 neutral_face 😐 expressionless 😑
smirk 😏 unamused 😒 face_with_rolling_eyes 🙄 grimacing 😬 relieved 😌 pensive 😔 sleeping 😴 mask 😷 sunglasses 😎
nerd_face 🤓 confused 😕 worried 😟 slightly_frowning_face 🙁 open_mouth 😮 hushed 😯 astonished 😲 flushed 😳 cry 😢
sob 😭 scream 😱 disappointed 😞 sweat 😓 sweat_smile 😅 tired_face 😫 rage 😡 angry 😠 skull 💀 ghost 👻 robot_face 🤖
partying_face 🥳 saluting_face 🫡 melting_face 🫠 heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙
purple_heart 💜 broken_heart 💔 sparkling_heart 💖 100 💯 boom 💥 dizzy 💫 zzz 💤 speech_balloon 💬 thought_balloon 💭
wave 👋 raised_hand ✋ ok_hand 👌 v ✌️ crossed_fingers 🤞 point_left 👈 point_right 👉 point_up 👆 point_down 👇 +1 👍
thumbsup 👍 -1 👎 thumbsdown 👎 fist ✊ facepunch 👊 clap 👏 raised_hands 🙌 open_hands 👐 handshake 🤝 pray 🙏 writing_hand ✍️
muscle 💪 eyes 👀 eye 👁️ brain 🧠 bust_in_silhouette 👤 busts_in_silhouette 👥 man-shrugging 🤷‍♂️ woman-shrugging 🤷‍♀️
shrug 🤷 facepalm 🤦 technologist 🧑‍💻 detective 🕵️ dog 🐶 cat 🐱 unicorn_face 🦄 bee 🐝 bug 🐛 butterfly 🦋 turtle 🐢 snail 🐌
whale 🐳 octopus 🐙 evergreen_tree 🌲 seedling 🌱 four_leaf_clover 🍀 fallen_leaf 🍂 sunflower 🌻 rose 🌹 earth_africa 🌍
earth_americas 🌎 earth_asia 🌏 sunny ☀️ cloud ☁️ rain_cloud 🌧️ snowflake ❄️ zap ⚡ fire 🔥 rainbow 🌈 ocean 🌊 star ⭐ star2 🌟
sparkles ✨ coffee ☕ tea 🍵 beer 🍺 beers 🍻 champagne 🍾 wine_glass 🍷 pizza 🍕 taco 🌮 hamburger 🍔 cake 🍰 birthday 🎂
cookie 🍪 doughnut 🍩 apple 🍎 banana 🍌 avocado 🥑 soccer ⚽ trophy 🏆 medal 🏅 first_place_medal 🥇 second_place_medal 🥈
third_place_medal 🥉 dart 🎯 video_game 🎮 game_die 🎲 art 🎨 musical_note 🎵 guitar 🎸 movie_camera 🎥 tada 🎉 confetti_ball 🎊
balloon 🎈 gift 🎁 ribbon 🎀 car 🚗 taxi 🚕 bus 🚌 ambulance 🚑 fire_engine 🚒 bike 🚲 airplane ✈️ rocket 🚀 ship 🚢 house 🏠
house_with_garden 🏡 office 🏢 department_store 🏬 factory 🏭 hospital 🏥 bank 🏦 school 🏫 construction 🚧 rotating_light 🚨
jigsaw 🧩 crescent_moon 🌙 traffic_light 🚦 fuelpump ⛽ ring_buoy 🛟 watch ⌚ iphone 📱 computer 💻 keyboard ⌨️ printer 🖨️ cd 💿 floppy_disk 💾 camera 📷 telephone ☎️
phone ☎️ telephone_receiver 📞 battery 🔋 electric_plug 🔌 bulb 💡 flashlight 🔦 moneybag 💰 dollar 💵 euro 💶 yen 💴 pound 💷
credit_card 💳 money_with_wings 💸 gem 💎 scales ⚖️ wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ gear ⚙️ nut_and_bolt 🔩 chains ⛓️
link 🔗 magnet 🧲 microscope 🔬 telescope 🔭 pill 💊 syringe 💉 door 🚪 bed 🛏️ key 🔑 old_key 🗝️ lock 🔒 unlock 🔓 bell 🔔
no_bell 🔕 loudspeaker 📢 mega 📣 hourglass ⌛ hourglass_flowing_sand ⏳ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ clock1 🕐
clock3 🕒 clock9 🕘 email 📧 envelope ✉️ e-mail 📧 incoming_envelope 📨 outbox_tray 📤 inbox_tray 📥 package 📦 mailbox 📫
postbox 📮 pencil 📝 memo 📝 pencil2 ✏️ black_nib ✒️ briefcase 💼 file_folder 📁 open_file_folder 📂 card_index_dividers 🗂️
card_index 📇 file_cabinet 🗄️ wastebasket 🗑️ date 📅 calendar 📆 spiral_calendar_pad 🗓️ chart 💹 chart_with_upwards_trend 📈
chart_with_downwards_trend 📉 bar_chart 📊 clipboard 📋 pushpin 📌 round_pushpin 📍 paperclip 📎 straight_ruler 📏 scissors ✂️
books 📚 book 📖 bookmark 🔖 label 🏷️ ticket 🎫 admission_tickets 🎟️ newspaper 📰 page_facing_up 📄 scroll 📜 receipt 🧾
ledger 📒 mag 🔍 mag_right 🔎 shield 🛡️ warning ⚠️ no_entry ⛔ no_entry_sign 🚫 x ❌ o ⭕ white_check_mark ✅ heavy_check_mark ✔️
ballot_box_with_check ☑️ heavy_multiplication_x ✖️ negative_squared_cross_mark ❎ heavy_plus_sign ➕ heavy_minus_sign ➖
question ❓ grey_question ❔ exclamation ❗ heavy_exclamation_mark ❗ bangbang ‼️ interrobang ⁉️ information_source ℹ️ id 🆔
new 🆕 free 🆓 up 🆙 cool 🆒 ok 🆗 sos 🆘 top 🔝 soon 🔜 end 🔚 back 🔙 on 🔛 recycle ♻️ repeat 🔁
arrows_counterclockwise 🔄 arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️ arrow_upper_right ↗️ arrow_lower_right ↘️
leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️ arrow_forward ▶️ fast_forward ⏩ red_circle 🔴 large_orange_circle 🟠
large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 white_circle ⚪ black_circle ⚫
large_red_square 🟥 large_orange_square 🟧 large_yellow_square 🟨 large_green_square 🟩 large_blue_square 🟦 small_blue_diamond 🔹
large_blue_diamond 🔷 small_orange_diamond 🔸 small_red_triangle 🔺 small_red_triangle_down 🔻 white_small_square ▫️
black_small_square ▪️ triangular_flag_on_post 🚩 checkered_flag 🏁 waving_white_flag 🏳️ zero 0️⃣ one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣
five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 hash #️⃣ us 🇺🇸 gb 🇬🇧 de 🇩🇪 fr 🇫🇷 es 🇪🇸 it 🇮🇹 jp 🇯🇵 cn 🇨🇳 kr 🇰🇷
`;

const words = NAMES.trim().split(/\s+/);

/** Every known name with its character. */
export const EMOJI = new Map(words.flatMap((word, at) => (at % 2 ? [] : [[word, words[at + 1]]])));

/** What the reaction picker offers first. */
export const FAVOURITES = ["white_check_mark", "eyes", "raised_hands", "+1", "heart", "tada", "joy", "fire", "rocket", "pray", "clap", "thinking_face"];

/** Return the character of a name, or the name between colons for one nobody knows. */
export function emojiOf(name) {
  return EMOJI.get(name.split("::")[0]) ?? `:${name}:`;
}

/** Return the first known names that hold a text. */
export function emojiLike(text, limit) {
  const wanted = text.toLowerCase();
  const names = [...EMOJI.keys()];
  const first = names.filter((name) => name.startsWith(wanted));
  return [...first, ...names.filter((name) => name.includes(wanted) && !first.includes(name))].slice(0, limit);
}
