import type { Output } from '@pulumi/pulumi'
import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare, Tags } from '../cloud/declare.ts'
import { onceAt } from '../cloud/lifetime.ts'
import { nodeGroupOf } from './nodes.ts'
import { assumedBy } from './roles.ts'

/** The cluster itself is deleted when its nodes are gone. */
const nodesTakeMs = 20 * 60_000

/** Comes before all that costs: what is made after it has an end from its first moment. */
export function declareEnd(declare: Declare, name: string, end: Output<string>, tags: Tags): CloudResource[] {
  const role = declare(
    'aws:iam/role:Role',
    'end',
    { assumeRolePolicy: assumedBy('scheduler.amazonaws.com'), tags },
    ['arn'],
  )
  const rights = declare('aws:iam/rolePolicy:RolePolicy', 'end', {
    role: role.id,
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['eks:DeleteNodegroup', 'eks:DeleteCluster'],
          Resource: [
            `arn:aws:eks:*:*:cluster/${name}`,
            `arn:aws:eks:*:*:nodegroup/${name}/${nodeGroupOf(name)}/*`,
          ],
        },
      ],
    }),
  })
  // A schedule calls the API by the names that the SDK for Java gives to members.
  const calls = [
    {
      call: 'deleteNodegroup',
      input: { ClusterName: name, NodegroupName: nodeGroupOf(name) },
      delay: 0,
    },
    { call: 'deleteCluster', input: { Name: name }, delay: nodesTakeMs },
  ]
  return calls.map(({ call, input, delay }) =>
    declare(
      'aws:scheduler/schedule:Schedule',
      call.toLowerCase(),
      {
        description: `ends the cluster ${name}`,
        scheduleExpression: end.apply((moment) => onceAt(moment, delay)),
        scheduleExpressionTimezone: 'UTC',
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: `arn:aws:scheduler:::aws-sdk:eks:${call}`,
          roleArn: role.output('arn'),
          input: JSON.stringify(input),
          // The cluster cannot go while a node is left; it is tried again for as long as schedules can.
          retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 86_400 },
        },
      },
      [],
      [rights],
    ),
  )
}
