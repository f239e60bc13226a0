import type { Output } from '@pulumi/pulumi'
import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare } from '../cloud/declare.ts'
import { yearlyAt } from '../cloud/lifetime.ts'
import { everything } from './scopes.ts'
import type { GkeSettings } from './settings.ts'

/** Comes before all that costs: what is made after it has an end from its first moment. */
export function declareEnd(
  declare: Declare,
  { name, project, region, zone }: GkeSettings,
  end: Output<string>,
): CloudResource[] {
  const account = declare(
    'gcp:serviceaccount/account:Account',
    'end',
    { accountId: `${name}-end`.padEnd(6, '0'), displayName: `ends the cluster ${name}` },
    ['email', 'member'],
  )
  const role = declare(
    'gcp:projects/iAMCustomRole:IAMCustomRole',
    'end',
    {
      roleId: `${name.replaceAll('-', '_')}_end`,
      title: `Delete clusters of GKE, for ${name}`,
      permissions: ['container.clusters.delete'],
    },
    ['name'],
  )
  const may = declare('gcp:projects/iAMMember:IAMMember', 'end', {
    project,
    role: role.output('name'),
    member: account.output('member'),
  })
  const job = declare(
    'gcp:cloudscheduler/job:Job',
    'end',
    {
      name: `${name}-end`,
      region,
      description: `ends the cluster ${name}`,
      schedule: end.apply(yearlyAt),
      timeZone: 'Etc/UTC',
      retryConfig: { retryCount: 5, minBackoffDuration: '60s', maxBackoffDuration: '3600s' },
      httpTarget: {
        httpMethod: 'DELETE',
        uri: `https://container.googleapis.com/v1/projects/${project}/locations/${zone}/clusters/${name}`,
        oauthToken: { serviceAccountEmail: account.output('email'), scope: everything },
      },
    },
    [],
    [may],
  )
  return [job]
}
