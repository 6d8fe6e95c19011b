/** Hold what the page knows at the moment, and answer questions about people, channels and apps. */

/** The present snapshot; `state` is what /control/state answered, `channel` what /control/channel did. */
export const store = {
  me: "",
  state: null,
  channel: null,
  home: null,
  modal: null,
  commands: { commands: [], shortcuts: [] },
  people: [],
  place: { kind: "channel", id: "", thread: "" },
};

/** Return a person or a bot by id; somebody unknown still has a name to show. */
export function userOf(id) {
  const known = store.state?.users[id];
  if (known) return known;
  return { id, label: id === "USLACKBOT" ? "Slackbot" : id || "Someone", team_id: "", is_bot: id === "USLACKBOT" };
}

/** Return the channel with that id if I may see it. */
export function channelOf(id) {
  return store.state?.channels.find((one) => one.id === id);
}

/** Return an app that is installed in my team. */
export function appOf(id) {
  return store.state?.apps.find((one) => one.id === id);
}

/** Return the app whose direct message with me a channel is. */
export function appOfDm(channel) {
  return channel.kind === "im" ? store.state.apps.find((one) => one.bot_user_id === channel.with) : undefined;
}

/** Return what a conversation is called, for me. */
export function channelName(channel) {
  if (channel.kind === "im") return userOf(channel.with).label;
  if (channel.kind === "mpim" && !channel.name) {
    return channel.members.filter((id) => id !== store.me).map((id) => userOf(id).label).join(", ");
  }
  return channel.name;
}

/** Return the name of a team. */
export function teamName(id) {
  return store.state?.teams.find((team) => team.id === id)?.name ?? "";
}

/** Say whether somebody belongs to another organisation than mine. */
export function isStranger(user) {
  return Boolean(user.team_id) && user.team_id !== store.state.team.id;
}

const zones = new Map();

/** Return my time zone, the browser's where mine is one it does not know. */
export function myZone() {
  const zone = store.state?.me.tz;
  if (!zones.has(zone)) {
    try {
      zones.set(zone, new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone);
    } catch {
      zones.set(zone, undefined);
    }
  }
  return zones.get(zone);
}
