# The machines, their network and their disks. Which image they run is Pulumi's.

terraform {
  required_providers {
    zenlayercloud = {
      source  = "zenlayer/zenlayercloud"
      version = "0.2.28"
    }
  }
}

variable "subnet_id" {
  type = string
}

variable "key_id" {
  type = string
}

resource "zenlayercloud_zec_instance" "web" {
  count = 2

  availability_zone = "asia-east-1a"
  instance_type     = "z2a.cpu.1"
  instance_name     = "web-${count.index + 1}"
  subnet_id         = var.subnet_id
  system_disk_size  = 40
  tags              = { role = "web" }

  # Only the first boot: from then on, InstanceOsImage says what runs.
  image_id = "ubuntu2204_20240712"
  key_id   = var.key_id

  lifecycle {
    ignore_changes = [image_id, key_id, password, time_zone, disable_qga_agent, tags["zec-pulumi-attempt"]]
  }
}
