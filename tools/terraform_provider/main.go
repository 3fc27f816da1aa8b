// Stands in for the Terraform provider zenlayer/zenlayercloud, which comes from Terraform's own registry, in tests of
// the real terraform and tofu, which do without that: the attributes of zenlayercloud_zec_instance that matter here, and the calls of its recorded
// behaviour. It shares no code with zec_pulumi.
package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
)

func main() {
	plugin.Serve(&plugin.ServeOpts{ProviderFunc: provider})
}

func provider() *schema.Provider {
	setting := func(variable string, otherwise any) *schema.Schema {
		return &schema.Schema{
			Type: schema.TypeString, Optional: true, DefaultFunc: schema.EnvDefaultFunc(variable, otherwise),
		}
	}
	return &schema.Provider{
		Schema: map[string]*schema.Schema{
			"access_key_id":       setting("ZENLAYERCLOUD_ACCESS_KEY_ID", nil),
			"access_key_password": setting("ZENLAYERCLOUD_ACCESS_KEY_PASSWORD", nil),
			"domain":              setting("ZENLAYERCLOUD_DOMAIN", "console.zenlayer.com"),
			"scheme":              setting("ZENLAYERCLOUD_SCHEME", "HTTPS"),
		},
		ResourcesMap:         map[string]*schema.Resource{"zenlayercloud_zec_instance": instance()},
		ConfigureContextFunc: configure,
	}
}

func instance() *schema.Resource {
	required := func(of schema.ValueType, replaces bool) *schema.Schema {
		return &schema.Schema{Type: of, Required: true, ForceNew: replaces}
	}
	computed := func(of schema.ValueType) *schema.Schema {
		return &schema.Schema{Type: of, Computed: true, Elem: &schema.Schema{Type: schema.TypeString}}
	}
	login := []string{"key_id", "password"}
	return &schema.Resource{
		CreateContext: create,
		ReadContext:   read,
		UpdateContext: update,
		DeleteContext: release,
		Importer:      &schema.ResourceImporter{StateContext: schema.ImportStatePassthroughContext},
		Schema: map[string]*schema.Schema{
			"availability_zone":    required(schema.TypeString, true),
			"instance_type":        required(schema.TypeString, true),
			"subnet_id":            required(schema.TypeString, true),
			"system_disk_size":     required(schema.TypeInt, true),
			"image_id":             required(schema.TypeString, false),
			"instance_name":        {Type: schema.TypeString, Optional: true, Default: "Terraform-Instance"},
			"key_id":               {Type: schema.TypeString, Optional: true, ExactlyOneOf: login},
			"password":             {Type: schema.TypeString, Optional: true, Sensitive: true, ExactlyOneOf: login},
			"time_zone":            {Type: schema.TypeString, Optional: true, Computed: true},
			"disable_qga_agent":    {Type: schema.TypeBool, Optional: true},
			"tags":                 {Type: schema.TypeMap, Optional: true, Elem: &schema.Schema{Type: schema.TypeString}},
			"image_name":           {Type: schema.TypeString, Computed: true},
			"instance_status":      {Type: schema.TypeString, Computed: true},
			"public_ip_addresses":  computed(schema.TypeList),
			"private_ip_addresses": computed(schema.TypeList),
		},
	}
}
