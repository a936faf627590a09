//go:build tools

// Package tools pins Pulumi's language host for Python: the last release that is a fetchable module.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
