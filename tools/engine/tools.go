//go:build tools

// Package tools pins the Pulumi engine, for machines on which it cannot be installed.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
