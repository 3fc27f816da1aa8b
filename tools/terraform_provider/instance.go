package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

func create(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client := meta.(*api)
	parameters := map[string]any{
		"zoneId": data.Get("availability_zone"), "imageId": data.Get("image_id"), "instanceCount": 1,
		"instanceType": data.Get("instance_type"), "instanceName": data.Get("instance_name"),
		"subnetId": data.Get("subnet_id"), "systemDisk": map[string]any{"diskSize": data.Get("system_disk_size")},
		"enableAgent": !data.Get("disable_qga_agent").(bool),
	}
	given(data, parameters, "timeZone")
	if tags := data.Get("tags").(map[string]any); len(tags) > 0 {
		list := []map[string]any{}
		for key, value := range tags {
			list = append(list, map[string]any{"key": key, "value": value})
		}
		parameters["tags"] = map[string]any{"tags": list}
	}
	var answer struct {
		InstanceIDSet []string `json:"instanceIdSet"`
	}
	if err := client.call(ctx, current, "CreateZecInstances", parameters, &answer); err != nil {
		return diag.FromErr(err)
	}
	data.SetId(answer.InstanceIDSet[0])
	status, err := client.wait(ctx, data.Id(), "PENDING", "DEPLOYING")
	if diagnostics := ended(status, err); diagnostics != nil {
		return diagnostics
	}
	return read(ctx, data, meta)
}

func read(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client := meta.(*api)
	if _, err := client.wait(ctx, data.Id(), "PENDING", "DEPLOYING", "REBUILDING", "BOOTING", "STOPPING", "RECYCLING"); err != nil {
		return diag.FromErr(err)
	}
	found, err := client.find(ctx, data.Id())
	if err != nil {
		return diag.FromErr(err)
	}
	if found == nil || found.Status == "RECYCLE" {
		data.SetId("")
		return nil
	}
	tags := map[string]any{}
	for _, one := range found.Tags.Tags {
		tags[one.Key] = one.Value
	}
	for name, value := range map[string]any{
		"tags":              tags,
		"availability_zone": found.ZoneID, "instance_type": found.InstanceType, "subnet_id": found.SubnetID,
		"system_disk_size": found.SystemDisk.DiskSize, "image_id": found.ImageID, "image_name": found.ImageName,
		"instance_name": found.InstanceName, "key_id": found.KeyID, "time_zone": found.TimeZone,
		"disable_qga_agent": !found.EnableAgent, "instance_status": found.Status,
		"public_ip_addresses": found.PublicIPAddresses, "private_ip_addresses": found.PrivateIPAddresses,
	} {
		if err := data.Set(name, value); err != nil {
			return diag.FromErr(err)
		}
	}
	return nil
}

func update(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client := meta.(*api)
	ids := map[string]any{"instanceIds": []string{data.Id()}}
	if data.HasChange("instance_name") {
		named := map[string]any{"instanceIds": ids["instanceIds"], "instanceName": data.Get("instance_name")}
		if err := client.call(ctx, current, "ModifyInstancesAttribute", named, nil); err != nil {
			return diag.FromErr(err)
		}
	}
	if data.HasChange("tags") {
		if err := client.call(ctx, tagging, "ModifyResourceTags", retagged(data), nil); err != nil {
			return diag.FromErr(err)
		}
	}
	if data.HasChanges("image_id", "key_id", "time_zone", "disable_qga_agent") {
		// As recorded of the real one: nothing is reset, and success is reported.
		if err := client.call(ctx, older, "StopInstances", ids, nil); err != nil {
			return nil
		}
		if _, err := client.wait(ctx, data.Id(), "STOPPING", "RUNNING"); err != nil {
			return diag.FromErr(err)
		}
		parameters := map[string]any{
			"instanceId": data.Id(), "imageId": data.Get("image_id"), "enableAgent": !data.Get("disable_qga_agent").(bool),
		}
		given(data, parameters, "timezone")
		if err := client.call(ctx, current, "ResetInstance", parameters, nil); err != nil {
			return diag.FromErr(err)
		}
		status, err := client.wait(ctx, data.Id(), "REBUILDING")
		if diagnostics := ended(status, err); diagnostics != nil {
			return diagnostics
		}
	}
	return read(ctx, data, meta)
}

// retagged sets the tags of the configuration, and takes off those that only the machine has.
func retagged(data *schema.ResourceData) map[string]any {
	before, after := data.GetChange("tags")
	set, off := []map[string]any{}, []string{}
	for key, value := range after.(map[string]any) {
		set = append(set, map[string]any{"key": key, "value": value})
	}
	for key := range before.(map[string]any) {
		if _, kept := after.(map[string]any)[key]; !kept {
			off = append(off, key)
		}
	}
	return map[string]any{"resourceUuid": data.Id(), "replaceTags": set, "deleteTagKeys": off}
}

func release(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client := meta.(*api)
	// The first goes to the recycle bin, the second empties it.
	for range 2 {
		ids := map[string]any{"instanceIds": []string{data.Id()}}
		if err := client.call(ctx, older, "ReleaseInstances", ids, nil); err != nil {
			return diag.FromErr(err)
		}
		status, err := client.wait(ctx, data.Id(), "RUNNING", "STOPPED", "RECYCLING", "RELEASING")
		if err != nil || status == "" {
			return diag.FromErr(err)
		}
	}
	return nil
}

func ended(status string, err error) diag.Diagnostics {
	if err != nil {
		return diag.FromErr(err)
	}
	if status != "RUNNING" {
		return diag.Errorf("unexpected state '%s', wanted target 'RUNNING'", status)
	}
	return nil
}

// given adds what a configuration can leave out; the time zone has two names.
func given(data *schema.ResourceData, parameters map[string]any, zone string) {
	for name, attribute := range map[string]string{"keyId": "key_id", "password": "password", zone: "time_zone"} {
		if value, set := data.GetOk(attribute); set {
			parameters[name] = value
		}
	}
}
