// @bitrix24/b24jssdk, the official JavaScript SDK, over a webhook and over OAuth, versions 2 and 3 of the REST API.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

const sdk = await import(`${process.env.B24_JSSDK}/dist/esm/index.mjs`)
const { B24Hook, B24OAuth, BatchRefV3, EnumCrmEntityTypeId, LoggerFactory, ParamsFactory } = sdk
const quiet = LoggerFactory.createNullLogger()
// The SDK paces itself for a portal of many; this one is ours alone.
const restrictionParams = {
  ...ParamsFactory.getDefault(),
  rateLimit: { burstLimit: 1000, drainRate: 1000, adaptiveEnabled: false },
  maxRetries: 1
}

const hook = B24Hook.fromWebhookUrl(process.env.B24_WEBHOOK, { restrictionParams })
hook.setLogger(quiet)

function application (accessToken, refreshToken, expires) {
  const client = new B24OAuth(
    {
      applicationToken: process.env.B24_APPLICATION_TOKEN,
      userId: 1,
      memberId: process.env.B24_MEMBER_ID,
      accessToken,
      refreshToken,
      expires,
      expiresIn: 3600,
      scope: 'crm',
      domain: new URL(process.env.B24_URL).host,
      clientEndpoint: `${process.env.B24_URL}/rest/`,
      serverEndpoint: process.env.B24_SERVER_ENDPOINT,
      status: 'L'
    },
    { clientId: process.env.B24_CLIENT_ID, clientSecret: process.env.B24_CLIENT_SECRET },
    { restrictionParams }
  )
  client.setLogger(quiet)
  return client
}

// A pair of its own, got as an application gets its first one: a refresh token is good once.
async function refreshToken () {
  const id = { client_id: process.env.B24_CLIENT_ID, client_secret: process.env.B24_CLIENT_SECRET }
  const consent = `${process.env.B24_AUTHORIZE_URL}?${new URLSearchParams({ client_id: id.client_id, state: 'mine' })}`
  const back = new URL((await fetch(consent, { redirect: 'manual' })).headers.get('location'))
  assert.equal(back.searchParams.get('state'), 'mine')
  const code = back.searchParams.get('code')
  const asked = new URLSearchParams({ ...id, grant_type: 'authorization_code', code })
  return (await (await fetch(`${process.env.B24_TOKEN_URL}?${asked}`)).json()).refresh_token
}

const inAnHour = Math.floor(Date.now() / 1000) + 3600
const app = application(process.env.B24_ACCESS_TOKEN, process.env.B24_REFRESH_TOKEN, inAnHour)
const company = EnumCrmEntityTypeId.company
const numbers = Array.from({ length: 130 }, (_, index) => index)
let companies = []
let task = 0

const data = response => {
  assert.equal(response.isSuccess, true, response.getErrorMessages().join('; '))
  return response.getData()
}
const codes = response => [...response.getErrors()].map(error => error.code)

before(async () => {
  const calls = numbers.map(n => ['crm.company.add', { fields: { TITLE: `JS ${n}`, COMMENTS: 'js-lists' } }])
  companies = data(await hook.actions.v2.batchByChunk.make({ calls, options: { isHaltOnError: true } }))
  const fields = { title: 'From JavaScript', creatorId: 1, responsibleId: 1 }
  task = data(await hook.actions.v3.call.make({ method: 'tasks.task.add', params: { fields } })).result.item.id
})

after(() => {
  hook.destroy()
  app.destroy()
})

for (const [name, client] of [['a webhook', hook], ['OAuth', app]]) {
  test(`version 2 over ${name}: a call answers with the result and the time it took`, async () => {
    const params = { select: ['ID', 'TITLE'], order: { ID: 'ASC' } }
    const answer = await client.actions.v2.call.make({ method: 'crm.company.list', params })
    const { result, time } = data(answer)
    assert.deepEqual(Object.keys(result[0]).sort(), ['ID', 'TITLE'])
    assert.equal(result.length, 50)
    assert.ok(answer.getTotal() > 130)
    assert.equal(answer.isMore(), true)
    assert.ok(time.operating_reset_at > time.start)
  })

  test(`version 2 over ${name}: a list is walked to its end by id`, async () => {
    const list = await client.actions.v2.callList.make({
      method: 'crm.item.list',
      params: { entityTypeId: company, filter: { comments: 'js-lists' }, select: ['id', 'title'] },
      idKey: 'id',
      customKeyForResult: 'items'
    })
    assert.deepEqual(data(list).map(item => item.title), numbers.map(n => `JS ${n}`))
  })

  test(`version 2 over ${name}: chunks of a list come one by one`, async () => {
    const params = { filter: { COMMENTS: 'js-lists' }, select: ['ID'] }
    const sizes = []
    for await (const chunk of client.actions.v2.fetchList.make({ method: 'crm.company.list', params, idKey: 'ID' })) {
      sizes.push(chunk.length)
    }
    assert.deepEqual(sizes, [50, 50, 30])
  })

  test(`version 2 over ${name}: a batch of an array answers in its order`, async () => {
    const calls = [
      ['crm.item.get', { entityTypeId: company, id: companies[1] }],
      { method: 'crm.item.get', params: { entityTypeId: company, id: companies[0] } }
    ]
    const rows = data(await client.actions.v2.batch.make({ calls, options: { isHaltOnError: true } }))
    assert.deepEqual(rows.map(row => row.item.id), [companies[1], companies[0]])
  })

  test(`version 2 over ${name}: a batch of an object answers by its names`, async () => {
    const calls = {
      made: ['crm.company.add', { fields: { TITLE: 'Linked' } }],
      read: { method: 'crm.company.get', params: { id: '$result[made]' } }
    }
    const options = { isHaltOnError: true, returnAjaxResult: true }
    const rows = data(await client.actions.v2.batch.make({ calls, options }))
    assert.equal(data(rows.read).result.ID, String(data(rows.made).result))
    assert.equal(data(rows.read).result.TITLE, 'Linked')
  })

  test(`version 2 over ${name}: a batch that goes on tells its errors by name`, async () => {
    const calls = {
      good: ['crm.item.list', { entityTypeId: company, select: ['id'] }],
      bad: ['crm.item.list', { entityTypeId: company, filter: { '>ddId': 1 } }]
    }
    const options = { isHaltOnError: false, returnAjaxResult: true }
    const answer = await client.actions.v2.batch.make({ calls, options })
    assert.equal(answer.isSuccess, false)
    assert.deepEqual(codes(answer), ['INVALID_ARG_VALUE'])
    assert.equal(data(answer.getData().good).result.items.length, 50)
  })

  test(`version 2 over ${name}: 150 commands become three batches`, async () => {
    const calls = Array.from({ length: 150 }, (_, n) => ['crm.company.get', { id: companies[n % companies.length] }])
    const rows = data(await client.actions.v2.batchByChunk.make({ calls, options: { isHaltOnError: false } }))
    assert.deepEqual(rows.map(row => row.ID), calls.map(call => String(call[1].id)))
  })

  test(`version 2 over ${name}: an unknown method is an error with the portal's code`, async () => {
    const answer = client.actions.v2.call.make({ method: 'crm.nonsense.list' })
    await assert.rejects(answer, error => error.code === 'ERROR_METHOD_NOT_FOUND' && error.status === 404)
  })

  test(`version 3 over ${name}: a task is read with a number for an id`, async () => {
    const params = { id: task, select: ['id', 'title'] }
    const { result, time } = data(await client.actions.v3.call.make({ method: 'tasks.task.get', params }))
    assert.equal(result.item.id, task)
    assert.equal(result.item.title, 'From JavaScript')
    assert.ok(time.operating_reset_at > 0)
  })

  test(`version 3 over ${name}: a missing task is not found`, async () => {
    const params = { id: 999999999, select: ['id'] }
    const answer = await client.actions.v3.call.make({ method: 'tasks.task.get', params })
    assert.deepEqual(codes(answer), ['BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION'])
  })
}

test('version 3: commands of a batch take results of those before', async () => {
  const fields = { title: 'Child', creatorId: 1, responsibleId: 1, parentId: BatchRefV3.ref('parent.id') }
  const calls = [
    { method: 'tasks.task.get', params: { id: task, select: ['id', 'title'] }, as: 'parent' },
    { method: 'tasks.task.add', params: { fields }, as: 'child' },
    {
      method: 'tasks.task.list',
      params: { filter: [['parentId', BatchRefV3.ref('parent.id')]], select: ['id', 'title'] },
      as: 'children'
    },
    {
      method: 'tasks.task.list',
      params: { filter: [['id', 'in', BatchRefV3.refArray('children.id')]], select: ['id'] }
    }
  ]
  const rows = data(await hook.actions.v3.batch.make({ calls, options: { isHaltOnError: true } }))
  const child = rows[1].item.id
  assert.ok(rows[2].items.some(item => item.id === child && item.title === 'Child'))
  assert.deepEqual(rows[3].items.map(item => item.id).sort(), rows[2].items.map(item => item.id).sort())
})

test('version 3: one failed command fails the whole batch', async () => {
  const calls = [
    ['tasks.task.get', { id: task, select: ['id'] }],
    ['tasks.task.get', { id: 999999999, select: ['id'] }]
  ]
  const options = { isHaltOnError: false, returnAjaxResult: true }
  const answer = await hook.actions.v3.batch.make({ calls, options })
  assert.equal(answer.isSuccess, false)
  assert.equal(answer.getErrorMessages().length, 1)
})

test('version 3: a batch with a token in its body is no batch, as this SDK finds out on a portal too', async () => {
  const answer = await app.actions.v3.batch.make({ calls: [['tasks.task.get', { id: task, select: ['id'] }]] })
  assert.deepEqual(codes(answer), ['BITRIX_REST_V3_EXCEPTION_INVALIDSELECTEXCEPTION'])
})

test('version 3: a list is walked by id in pages of the size asked for', async () => {
  const list = { method: 'tasks.task.list', params: { select: ['id'] }, customKeyForResult: 'items', limit: 20 }
  const all = data(await hook.actions.v3.callList.make(list)).map(item => item.id)
  assert.deepEqual(all, [...new Set(all)].sort((one, other) => one - other))
  const chunks = []
  for await (const chunk of hook.actions.v3.fetchList.make(list)) chunks.push(chunk)
  assert.deepEqual(chunks.flat().map(item => item.id), all)
  assert.ok(chunks.slice(0, -1).every(chunk => chunk.length === 20))
})

test('version 3: the tail of the event log is read from where it was left', async () => {
  const tail = { method: 'main.eventlog.tail', params: { select: ['id'] }, limit: 100 }
  const all = data(await hook.actions.v3.callTail.make(tail)).map(item => item.id)
  assert.deepEqual(all, [...all].sort((one, other) => one - other))
  const rest = data(await hook.actions.v3.callTail.make({ ...tail, initialValue: all[1] })).map(item => item.id)
  assert.deepEqual(rest, all.slice(2))
  const chunks = []
  for await (const chunk of hook.actions.v3.fetchTail.make(tail)) chunks.push(chunk.length)
  assert.equal(chunks.reduce((sum, size) => sum + size, 0), all.length)
})

test('version 3: methods of version 2 are not found', async () => {
  const answer = await hook.actions.v3.call.make({ method: 'crm.deal.list', params: {} })
  assert.deepEqual(codes(answer), ['BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION'])
})

test('a portal is healthy, and a ping takes some time', async () => {
  assert.equal(await hook.tools.healthCheck.make(), true)
  assert.ok(await hook.tools.ping.make() > 0)
})

test('an expired token is renewed before it is used, and the new pair is told to the application', async () => {
  const renewed = []
  const old = application(process.env.B24_EXPIRED_TOKEN, await refreshToken(), 1)
  old.setCallbackRefreshAuth(async ({ authData }) => { renewed.push(authData) })
  const { result } = data(await old.actions.v2.call.make({ method: 'user.current' }))
  assert.equal(result.ID, '1')
  assert.equal(renewed.length, 1)
  assert.notEqual(renewed[0].access_token, process.env.B24_EXPIRED_TOKEN)
  assert.equal(renewed[0].member_id, process.env.B24_MEMBER_ID)
  old.destroy()
})
