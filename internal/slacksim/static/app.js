// The page of the simulated Slack. It polls /sim/state and acts through the controls. Text only ever becomes text nodes.
const here = { me: 'U0ALEX', place: 'C0ITHELP', thread: null, menu: false, draft: {}, errors: {} }
let world = null
let rev = -1

// el makes an element; children are elements, or text.
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value)
    else if (key in node) node[key] = value
    else if (value !== null && value !== undefined) node.setAttribute(key, value)
  }
  node.append(...children.flat(9).filter(c => c !== null && c !== undefined && c !== false))
  return node
}

async function control(name, body) {
  const res = await fetch('/sim/' + name, { method: 'POST', body: JSON.stringify(body) })
  const out = await res.json()
  if (!out.ok) notify(out.error)
  await poll(true)
  return out
}

function notify(text) {
  const note = el('div', { className: 'toast', role: 'alert' }, text.replaceAll('_', ' '))
  document.body.append(note)
  setTimeout(() => note.remove(), 4000)
}

// People and channels

const user = id => world.users.find(u => u.id === id)
const nameOf = id => user(id)?.name ?? (id === 'USLACKBOT' ? 'Slackbot' : id)
const channelOf = id => world.channels.find(c => c.id === id)
const visible = () => world.channels.filter(c => !c.is_private || c.members.includes(here.me))
const dm = () => world.dms.find(d => d.user === here.me)
const author = m => m.user ? nameOf(m.user) : (m.username ?? 'Bot')

function avatar(name, bot) {
  const hue = [...name].reduce((h, c) => (h * 31 + c.codePointAt(0)) % 360, 7)
  const node = el('span', { className: 'avatar' + (bot ? ' bot' : '') }, name.slice(0, 1).toUpperCase())
  node.style.backgroundColor = `hsl(${hue} 45% 42%)`
  return node
}

// Time, in the zone of the person who looks

function clock(seconds, options) {
  return new Intl.DateTimeFormat('en-GB', { timeZone: user(here.me)?.tz || 'UTC', ...options }).format(new Date(seconds * 1000))
}

const day = seconds => clock(seconds, { year: 'numeric', month: 'long', day: 'numeric' })

// relative says today, tomorrow or yesterday where that is true.
function relative(seconds, otherwise) {
  const now = Date.now() / 1000
  for (const [word, shift] of [['today', 0], ['tomorrow', 86400], ['yesterday', -86400]]) {
    if (day(seconds) === day(now + shift)) return word
  }
  return otherwise
}

function dated(seconds, format) {
  const long = day(seconds)
  const short = clock(seconds, { year: 'numeric', month: 'short', day: 'numeric' })
  const forms = {
    '{date_num}': clock(seconds, { dateStyle: 'short' }), '{date}': long, '{date_short}': short,
    '{date_long}': clock(seconds, { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }),
    '{date_pretty}': relative(seconds, long), '{date_short_pretty}': relative(seconds, short),
    '{date_long_pretty}': relative(seconds, long), '{time}': clock(seconds, { hour: '2-digit', minute: '2-digit' }),
    '{time_secs}': clock(seconds, { timeStyle: 'medium' }), '{ago}': 'at ' + clock(seconds, { timeStyle: 'short' }),
  }
  return format.replace(/\{[a-z_]+\}/g, f => forms[f] ?? f)
}

// mrkdwn to nodes

const plain = t => t.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
const mark = /```([\s\S]+?)```|`([^`\n]+)`|<([^>\n]+)>|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|(?<![\w~])~([^~\n]+)~(?![\w~])|:([a-z0-9_+-]+):/
const emoji = { white_check_mark: '✅', warning: '⚠️', eyes: '👀', red_circle: '🔴', large_orange_circle: '🟠', large_yellow_circle: '🟡',
  large_green_circle: '🟢', large_blue_circle: '🔵', white_circle: '⚪', hourglass_flowing_sand: '⏳', hourglass: '⌛', wave: '👋', ticket: '🎫',
  rotating_light: '🚨', lock: '🔒', memo: '📝', bell: '🔔', clock1: '🕐', raised_hands: '🙌', tada: '🎉', x: '❌', label: '🏷️', thumbsup: '👍', '+1': '👍' }

function rich(text) {
  const out = []
  for (let rest = text ?? ''; rest;) {
    const m = mark.exec(rest)
    if (!m) { out.push(plain(rest)); break }
    if (m.index) out.push(plain(rest.slice(0, m.index)))
    out.push(piece(m))
    rest = rest.slice(m.index + m[0].length)
  }
  return out
}

function piece([all, block, code, link, bold, italic, struck, sign]) {
  if (block !== undefined) return el('pre', {}, plain(block))
  if (code !== undefined) return el('code', {}, plain(code))
  if (link !== undefined) return angle(link)
  if (bold !== undefined) return el('strong', {}, rich(bold))
  if (italic !== undefined) return el('em', {}, rich(italic))
  if (struck !== undefined) return el('s', {}, rich(struck))
  return emoji[sign] ?? all
}

function angle(inner) {
  const [target, ...label] = inner.split('|')
  const words = plain(label.join('|'))
  if (target.startsWith('@')) return el('span', { className: 'mention' }, '@' + nameOf(target.slice(1)))
  if (target.startsWith('#')) return el('span', { className: 'mention' }, '#' + (channelOf(target.slice(1))?.name ?? words))
  if (target.startsWith('!date^')) {
    const [, seconds, format] = target.split('^')
    return Number.isFinite(+seconds) ? dated(+seconds, format) : words
  }
  if (target.startsWith('!')) return el('span', { className: 'mention' }, words || '@' + target.slice(1).split('^')[0])
  if (!/^(https?|mailto):/.test(target)) return plain('<' + inner + '>')
  return el('a', { href: plain(target), target: '_blank', rel: 'noopener noreferrer' }, words || plain(target))
}

const textOf = t => !t ? [] : t.type === 'mrkdwn' ? rich(t.text) : [t.text]

// Blocks. press(actionId, value) is called where a person acts; in a form the values are gathered instead.

function blocksOf(list, press) {
  return (list ?? []).map(b => block(b, press))
}

function block(b, press) {
  switch (b.type) {
    case 'section': return el('div', { className: 'section' },
      el('div', {}, el('div', { className: 'text' }, textOf(b.text)),
        b.fields && el('div', { className: 'fields' }, b.fields.map(f => el('div', {}, textOf(f))))),
      b.accessory && widget(b, b.accessory, press))
    case 'header': return el('h3', {}, textOf(b.text))
    case 'divider': return el('hr')
    case 'context': return el('div', { className: 'context' }, b.elements.map(e => el('span', {}, e.type === 'image' ? e.alt_text : textOf(e))))
    case 'actions': return el('div', { className: 'actions' }, b.elements.map(e => widget(b, e, press)))
    case 'input': return el('label', { className: 'input' },
      el('b', {}, textOf(b.label), b.optional ? el('small', {}, ' (optional)') : null), widget(b, b.element, press),
      b.hint && el('small', {}, textOf(b.hint)),
      here.errors[b.block_id] && el('span', { className: 'error', role: 'alert' }, here.errors[b.block_id]))
    case 'rich_text': return el('div', { className: 'text' }, b.elements.map(richElement))
    default: return el('div', { className: 'context' }, '[' + b.type + ']')
  }
}

function richElement(e) {
  const inside = (e.elements ?? []).map(richElement)
  switch (e.type) {
    case 'rich_text_list': return el('ul', {}, inside.map(i => el('li', {}, i)))
    case 'rich_text_preformatted': return el('pre', {}, inside)
    case 'rich_text_quote': return el('blockquote', {}, inside)
    case 'text': return e.style?.bold ? el('strong', {}, e.text) : e.style?.code ? el('code', {}, e.text) : e.text
    case 'link': return angle(e.text ? e.url + '|' + e.text : e.url)
    case 'user': return angle('@' + e.user_id)
    case 'channel': return angle('#' + e.channel_id)
    case 'emoji': return emoji[e.name] ?? ':' + e.name + ':'
    default: return el('span', {}, inside)
  }
}

const optionsOf = e => [...(e.options ?? []), ...(e.option_groups ?? []).flatMap(g => g.options)]

// widget is one interactive element. What was chosen in a form stays in here.draft, so that a repaint does not lose it.
function widget(b, e, press) {
  const key = b.block_id + '/' + e.action_id
  const keep = value => { here.draft[key] = { block: b.block_id, action: e.action_id, value } }
  const held = here.draft[key]?.value
  const act = value => { if (press.keeps) keep(value); if (b.type !== 'input' || b.dispatch_action) press(e.action_id, value) }
  const menu = (options, chosen, name) => el('select', { className: e.type, 'data-action': e.action_id, 'aria-label': name, onchange: ev => act(ev.target.value) },
    el('option', { value: '', disabled: true, selected: !chosen }, name),
    options.map(([value, label]) => el('option', { value, selected: value === chosen }, label)))
  const name = e.placeholder?.text ?? 'Choose…'
  switch (e.type) {
    case 'button': return el('button', { className: e.style ?? '', type: 'button', 'data-action': e.action_id, onclick: () => {
      if (e.confirm && !window.confirm((e.confirm.title?.text ?? '') + '\n' + (e.confirm.text?.text ?? ''))) return
      if (e.url) window.open(e.url, '_blank', 'noopener')
      press(e.action_id, e.value)
    } }, textOf(e.text))
    case 'static_select': return menu(optionsOf(e).map(o => [o.value, o.text.text]), held ?? e.initial_option?.value, name)
    case 'overflow': return menu(e.options.map(o => [o.value, o.text.text]), null, '•••')
    case 'users_select': return menu(world.users.filter(u => !u.is_bot).map(u => [u.id, u.name]), held ?? e.initial_user, name)
    case 'channels_select':
    case 'conversations_select': return menu(visible().map(c => [c.id, '#' + c.name]), held ?? e.initial_conversation ?? e.initial_channel, name)
    case 'radio_buttons':
    case 'checkboxes': return choices(e, key, held, act)
    case 'datepicker': return el('input', { type: 'date', value: held ?? e.initial_date ?? '', onchange: ev => act(ev.target.value) })
    case 'timepicker': return el('input', { type: 'time', value: held ?? e.initial_time ?? '', onchange: ev => act(ev.target.value) })
    case 'plain_text_input':
    case 'number_input':
    case 'email_text_input':
    case 'url_text_input': return el(e.multiline ? 'textarea' : 'input', { value: held ?? e.initial_value ?? '', placeholder: e.placeholder?.text ?? '',
      'data-action': e.action_id, 'data-keep': key, oninput: ev => keep(ev.target.value) })
    default: return el('span', {}, '[' + e.type + ']')
  }
}

function choices(e, key, held, act) {
  const many = e.type === 'checkboxes'
  const chosen = new Set(held === undefined ? (many ? (e.initial_options ?? []) : [e.initial_option]).map(o => o?.value) : [held].flat())
  return el('span', { className: 'choices' }, e.options.map(o => el('label', {},
    el('input', { type: many ? 'checkbox' : 'radio', name: key, checked: chosen.has(o.value), onchange: ev => {
      if (!many) return act(o.value)
      if (ev.target.checked) chosen.add(o.value)
      else chosen.delete(o.value)
      act([...chosen].filter(v => v !== undefined))
    } }), ' ', textOf(o.text))))
}

// Messages

function message(m, channel, inThread) {
  const hidden = m.subtype === 'tombstone'
  const press = (action_id, value) => control('click', { channel, message_ts: m.ts, user: here.me, action_id, value })
  const own = m.user === here.me && !hidden && !m.whisper
  const name = hidden ? 'Deleted' : author(m)
  return el('article', { className: 'message' + (m.whisper ? ' whisper' : ''), 'data-ts': m.ts },
    avatar(name, m.bot_id),
    el('div', { className: 'body' },
      m.whisper && el('small', {}, 'Only visible to you'),
      el('div', { className: 'who' }, el('b', {}, name), m.bot_id && el('span', { className: 'badge' }, 'APP'),
        el('time', {}, clock(+m.ts, { hour: '2-digit', minute: '2-digit' }))),
      content(m, press),
      m.files?.map(f => el('div', { className: 'file' }, '▤ ' + f.name)),
      m.reactions && el('div', { className: 'reactions' }, m.reactions.map(r => el('button', { type: 'button',
        onclick: () => control('react', { channel, ts: m.ts, user: here.me, name: r.name }) }, (emoji[r.name] ?? ':' + r.name + ':') + ' ' + r.count))),
      !inThread && m.reply_count && el('button', { className: 'replies', type: 'button', onclick: () => open({ thread: m.ts }) },
        m.reply_count + (m.reply_count === 1 ? ' reply' : ' replies'))),
    !hidden && !m.whisper && el('div', { className: 'tools' },
      !inThread && tool('↩', 'Reply in thread', () => open({ thread: m.thread_ts ?? m.ts })),
      tool('☺', 'React', () => control('react', { channel, ts: m.ts, user: here.me, name: 'thumbsup' })),
      (world.app.shortcuts ?? []).filter(s => s.type === 'message').map(s => tool('⚡', s.name,
        () => control('shortcut', { channel, message_ts: m.ts, user: here.me, callback_id: s.callback_id }))),
      own && tool('✎', 'Edit', () => edit(m, channel)),
      own && tool('✕', 'Delete', () => window.confirm('Delete this message?') && control('delete', { channel, ts: m.ts }))))
}

const tool = (sign, title, onclick) => el('button', { type: 'button', title, 'aria-label': title, onclick }, sign)

function content(m, press) {
  const typed = !m.blocks?.length || (!m.bot_id && m.blocks.every(b => b.type === 'rich_text'))
  if (!typed) return blocksOf(m.blocks, press)
  const text = el('div', { className: 'text' }, rich(m.text), m.edited && el('small', {}, ' (edited)'))
  return m.subtype === 'me_message' ? el('em', {}, text) : text
}

function edit(m, channel) {
  const text = window.prompt('Edit message', plain(m.text))
  if (text !== null && text !== plain(m.text)) control('edit', { channel, ts: m.ts, text: escaped(text) })
}

const escaped = t => t.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

// listed are the messages of a place, the person's ephemerals among them.
function listed(messages, channel, thread) {
  const whispers = world.ephemerals.filter(e => e.user === here.me && e.channel === channel)
    .map(e => ({ ...e, user: world.app.user, bot_id: 'app', whisper: true }))
  const inThread = m => m.thread_ts && m.thread_ts !== m.ts
  return [...messages, ...whispers]
    .filter(m => thread ? m.ts === thread || m.thread_ts === thread : !inThread(m) || m.subtype === 'thread_broadcast')
    .sort((a, b) => a.ts < b.ts ? -1 : 1)
}

function composer(channel, thread, hint) {
  const key = 'say/' + channel + '/' + (thread ?? '')
  const send = async () => {
    const text = (here.draft[key]?.value ?? '').trim()
    if (!text) return
    delete here.draft[key]
    const box = document.querySelector(`[data-keep="${CSS.escape(key)}"]`)
    if (box) box.value = ''
    const command = /^(\/\S+)\s*(.*)$/.exec(text)
    if (command) await control('command', { user: here.me, channel, command: command[1], text: command[2] })
    else await control('post', { channel, user: here.me, text: escaped(text), thread_ts: thread ?? undefined })
  }
  return el('form', { className: 'composer', onsubmit: ev => { ev.preventDefault(); send() } },
    el('textarea', { rows: 1, placeholder: hint, 'aria-label': hint, 'data-keep': key, value: here.draft[key]?.value ?? '',
      oninput: ev => { here.draft[key] = { value: ev.target.value } },
      onkeydown: ev => { if (ev.key === 'Enter' && !ev.shiftKey && !ev.isComposing) { ev.preventDefault(); send() } } }),
    el('button', { className: 'primary', type: 'submit', 'aria-label': 'Send' }, '➤'))
}

// Places

function open(to) {
  Object.assign(here, { menu: false, thread: null }, to)
  paint()
}

function sidebar() {
  const link = (place, label) => el('button', { type: 'button', className: here.place === place ? 'here' : '', 'data-place': place, onclick: () => {
    open({ place })
    if (place === 'home' || place === 'dm') control('home', { user: here.me, tab: place === 'home' ? 'home' : 'messages' })
  } }, label)
  return el('nav', { className: here.menu ? 'open' : '' },
    el('h1', {}, world.team.name), el('h2', {}, 'Channels'),
    visible().map(c => link(c.id, (c.is_private ? '◆ ' : '# ') + c.name + (c.is_archived ? ' (archived)' : ''))),
    el('h2', {}, 'Apps'),
    world.app.installed ? [link('home', '⌂ ' + world.app.name), link('dm', '✉ Messages')] : el('p', {}, 'No app is installed.'),
    el('div', { className: 'foot' },
      el('label', {}, 'Viewing as', el('select', { 'aria-label': 'Viewing as', onchange: ev => {
        here.me = ev.target.value
        here.draft = {}
        open(visible().some(c => c.id === here.place) || !here.place.startsWith('C') ? {} : { place: visible()[0].id })
      } }, world.users.filter(u => !u.is_bot && u.team === world.team.id).map(u => el('option', { value: u.id, selected: u.id === here.me }, u.name + (u.is_admin ? ' (admin)' : ''))))),
      world.app.installed
        ? el('button', { type: 'button', onclick: () => window.confirm('Remove the app from ' + world.team.name + '?') && control('uninstall', {}) }, 'Uninstall the app')
        : el('button', { type: 'button', onclick: () => control('reinstall', { user: here.me }) }, 'Install the app')))
}

function top(title, ...more) {
  return el('header', {}, el('button', { className: 'burger', type: 'button', 'aria-label': 'Menu', onclick: () => { here.menu = !here.menu; paint() } }, '☰'),
    el('h2', {}, title), more)
}

function room() {
  if (here.place === 'home') return homeRoom()
  if (here.place === 'dm') {
    const d = dm()
    return el('main', {}, top('✉ ' + world.app.name), el('section', { className: 'messages', 'data-scroll': 'dm' },
      listed(d?.messages ?? [], d?.id).map(m => message(m, d.id, true))), d && composer(d.id, null, 'Message ' + world.app.name))
  }
  const c = channelOf(here.place)
  if (!c) return el('main', {}, top('Nothing here'))
  const joined = c.members.includes(world.app.user)
  return el('main', {}, top((c.is_private ? '◆ ' : '# ') + c.name, el('small', {}, c.members.length + ' members'),
    world.app.installed && el('button', { type: 'button', onclick: () => control(joined ? 'kick' : 'invite', { channel: c.id }) },
      (joined ? 'Remove ' : 'Invite ') + world.app.name)),
    el('section', { className: 'messages', 'data-scroll': c.id },
      el('p', { className: 'start' }, 'This is the very beginning of ' + (c.is_private ? '◆ ' : '#') + c.name + '.'),
      listed(c.messages, c.id).map(m => message(m, c.id, false))),
    c.is_archived ? el('p', { className: 'start' }, 'This channel is archived.') : composer(c.id, null, 'Message #' + c.name))
}

function homeRoom() {
  const view = world.homes[here.me]
  const press = (action_id, value) => control('click', { user: here.me, action_id, value })
  return el('main', {}, top('⌂ ' + world.app.name), el('section', { className: 'messages home', 'data-scroll': 'home' },
    view ? blocksOf(view.blocks, press) : el('p', { className: 'start' }, 'This app has not published its Home yet.')))
}

function thread() {
  const c = channelOf(here.place)
  if (!here.thread || !c) return null
  return el('aside', {}, el('header', {}, el('h2', {}, 'Thread'), el('small', {}, '#' + c.name),
    el('button', { type: 'button', 'aria-label': 'Close thread', onclick: () => open({}) }, '✕')),
    el('section', { className: 'messages', 'data-scroll': here.thread }, listed(c.messages, c.id, here.thread).map(m => message(m, c.id, true))),
    composer(c.id, here.thread, 'Reply…'))
}

function dialog() {
  const top = world.modals.filter(m => m.user === here.me).at(-1)
  if (!top) return null
  const { view } = top
  const done = () => { here.draft = {}; here.errors = {} }
  const press = (action_id, value) => control('click', { user: here.me, view_id: top.view_id, action_id, value })
  press.keeps = true
  const submit = async ev => {
    ev.preventDefault()
    const values = {}
    for (const d of Object.values(here.draft)) if (d.action) (values[d.block] ??= {})[d.action] = d.value
    const out = await control('submit', { view_id: top.view_id, user: here.me, values })
    here.errors = out.errors ?? {}
    if (out.ok && out.response_action !== 'errors') done()
    paint()
  }
  const close = async () => { done(); await control('close', { view_id: top.view_id, user: here.me }) }
  return el('div', { className: 'veil' }, el('form', { className: 'modal', role: 'dialog', 'aria-label': view.title?.text, onsubmit: submit },
    el('header', {}, el('h2', {}, textOf(view.title)), el('button', { type: 'button', 'aria-label': 'Close', onclick: close }, '✕')),
    el('section', { className: 'fields-of', 'data-scroll': top.view_id }, blocksOf(view.blocks, press)),
    el('footer', {}, el('button', { type: 'button', onclick: close }, view.close?.text ?? 'Close'),
      view.submit && el('button', { className: 'primary', type: 'submit' }, textOf(view.submit)))))
}

// paint rebuilds the page and keeps focus, caret and scroll where they were.
function paint() {
  if (!world) return
  const focus = document.activeElement?.dataset?.keep
  const caret = focus && document.activeElement.selectionStart
  const scrolls = new Map()
  for (const n of document.querySelectorAll('[data-scroll]')) {
    scrolls.set(n.dataset.scroll, n.scrollHeight - n.scrollTop - n.clientHeight < 40 ? Infinity : n.scrollTop)
  }
  const root = document.getElementById('app')
  root.className = here.thread ? 'threaded' : ''
  root.replaceChildren(...[sidebar(), room(), thread(), dialog()].filter(Boolean))
  for (const n of document.querySelectorAll('[data-scroll]')) {
    const to = scrolls.get(n.dataset.scroll) ?? Infinity
    n.scrollTop = to === Infinity && !n.matches('.home, .fields-of') ? n.scrollHeight : Math.min(to, n.scrollHeight)
    if (to === Infinity && n.matches('.home, .fields-of')) n.scrollTop = 0
  }
  const again = focus && document.querySelector(`[data-keep="${CSS.escape(focus)}"]`)
  if (again) { again.focus(); again.setSelectionRange?.(caret, caret) }
}

// poll fetches what changed. A menu that is open is not repainted under the hand.
async function poll(now) {
  if (!now && document.activeElement?.tagName === 'SELECT') return
  const res = await fetch('/sim/state?since=' + rev).catch(() => null) // it may be restarting
  if (res?.status !== 200) return
  world = await res.json()
  rev = world.rev
  if (now) document.activeElement?.tagName === 'SELECT' && document.activeElement.blur()
  paint()
}

async function live() {
  await poll(false).finally(() => setTimeout(live, 500))
}

const asked = new URLSearchParams(location.search)
here.me = asked.get('as') ?? here.me
here.place = asked.get('place') ?? here.place
here.thread = asked.get('thread')
live()
