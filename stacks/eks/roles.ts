import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare } from '../cloud/declare.ts'

/** The document that lets one of Amazon's services take a role. */
export const assumedBy = (service: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  })

/** Gives a role rights that Amazon has written down. */
export function attach(
  declare: Declare,
  role: CloudResource,
  suffix: string,
  policies: readonly string[],
): CloudResource[] {
  return policies.map((policy) =>
    declare('aws:iam/rolePolicyAttachment:RolePolicyAttachment', `${suffix}-${policy.toLowerCase()}`, {
      role: role.id,
      policyArn: `arn:aws:iam::aws:policy/${policy}`,
    }),
  )
}
