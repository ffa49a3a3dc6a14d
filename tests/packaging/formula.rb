# SPDX-License-Identifier: MIT
# As much of Homebrew as a formula of a CMake project needs: it is installed from unpacked sources, and
# its test is run.
require "digest"
require "pathname"

def ENV.cc
  "cc"
end

class Formula
  class << self
    attr_reader :told, :tested

    %i[desc homepage url sha256 license].each do |field|
      define_method(field) { |value| (@told ||= {})[field] = value }
    end

    def depends_on(*) = nil

    def test(&block)
      @tested = block
    end

    # In the folder of the sources.
    def follow(formula, archive, prefix, testpath)
      load formula
      told = Libmio.told
      abort "another archive" unless told[:sha256] == Digest::SHA256.file(archive).hexdigest
      abort "another name" unless File.basename(told[:url]) == File.basename(archive)
      abort "desc" if told[:desc].length > 80 || told[:desc].end_with?(".")
      one = Libmio.new(prefix, testpath)
      one.install
      ENV["PKG_CONFIG_PATH"] = "#{prefix}/lib/pkgconfig"
      ENV["LD_LIBRARY_PATH"] = "#{prefix}/lib"
      Dir.chdir(testpath) { one.instance_eval(&Libmio.tested) }
    end
  end

  attr_reader :testpath

  def initialize(prefix, testpath)
    @prefix = prefix
    @testpath = Pathname(testpath)
  end

  def std_cmake_args
    %W[-DCMAKE_INSTALL_PREFIX=#{@prefix} -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release]
  end

  def system(*command)
    Kernel.system(*command.map(&:to_s)) || abort("failed: #{command.join(" ")}")
  end

  def shell_output(command)
    output = `#{command}`
    $?.success? ? output : abort("failed: #{command}")
  end
end
